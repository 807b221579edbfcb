package offer

import (
	"fmt"

	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// The calls here say what another one would answer, and change nothing: for whoever has to write a change down before it
// is made (docs/protocol.md §5).

// CheckAgent returns the error of AddAgent.
func (a *Allocator) CheckAgent(s AgentSpec) error {
	if err := a.checkAgent(&s); err != nil {
		return fmt.Errorf("add agent %q: %w", s.ID, err)
	}
	return nil
}

// CheckWeights returns the error of SetWeights.
func (a *Allocator) CheckWeights(ws []role.Weight) error {
	if _, err := a.weightsAfter(ws); err != nil {
		return fmt.Errorf("set weights: %w", err)
	}
	return nil
}

// CheckQuota returns the error of SetQuota.
func (a *Allocator) CheckQuota(cs []quota.Config, force bool) error {
	if _, err := a.quotaAfter(cs, force); err != nil {
		return fmt.Errorf("set quota: %w", err)
	}
	return nil
}
