package inproc

// WakeAll has every node polled, whether anything happened to it or not.
func (c *Cluster) WakeAll() {
	for name := range c.roster.entries {
		c.roster.wake(name)
	}
}
