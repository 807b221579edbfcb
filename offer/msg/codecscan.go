package msg

import (
	"bytes"
	"encoding/json"
)

// This file takes JSON apart that is known to be JSON: json.Valid has seen all of it before. So there are no errors here, but
// for what a message may not have.

// space is what may stand between the parts of JSON.
const space = " \t\r\n"

// cut takes the first value off b, and the space around it.
func cut(b []byte) (value, rest []byte) {
	b = bytes.TrimLeft(b, space)
	end := 0
	switch b[0] {
	case '"':
		end = textEnd(b)
	case '{', '[':
		end = bracketEnd(b)
	default:
		if end = bytes.IndexAny(b, ",:]}"+space); end < 0 {
			end = len(b)
		}
	}
	return b[:end], bytes.TrimLeft(b[end:], space)
}

// textEnd is where the text ends that b begins with.
func textEnd(b []byte) int {
	for i := 1; ; i++ {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
}

// bracketEnd is where the object or list ends that b begins with.
func bracketEnd(b []byte) int {
	open := 0
	for i := 0; ; i++ {
		switch b[i] {
		case '"':
			i += textEnd(b[i:]) - 1
		case '{', '[':
			open++
		case '}', ']':
			if open--; open == 0 {
				return i + 1
			}
		}
	}
}

// members calls each for every member of an object, in order, until an error.
func members(b []byte, each func(name string, value []byte) error) error {
	if b[0] != '{' {
		return fault("an object is expected, not %.40s", b)
	}
	for b = bytes.TrimLeft(b[1:], space); b[0] != '}'; {
		var key, value []byte
		key, b = cut(b)
		value, b = cut(b[1:]) // behind the colon
		name, err := readText(key)
		if err != nil {
			return fault("%w", err)
		}
		if err := each(name, value); err != nil {
			return err
		}
		if b[0] == ',' {
			b = bytes.TrimLeft(b[1:], space)
		}
	}
	return nil
}

// items calls each for every value of a list, in order, until an error.
func items(b []byte, each func(value []byte) error) error {
	if b[0] != '[' {
		return fault("a list is expected, not %.40s", b)
	}
	for b = bytes.TrimLeft(b[1:], space); b[0] != ']'; {
		var value []byte
		value, b = cut(b)
		if err := each(value); err != nil {
			return err
		}
		if b[0] == ',' {
			b = bytes.TrimLeft(b[1:], space)
		}
	}
	return nil
}

func readText(b []byte) (string, error) {
	if b[0] != '"' {
		return "", fault("text is expected, not %.40s", b)
	}
	if bytes.IndexByte(b, '\\') < 0 { // it is itself: UTF-8, and without anything that JSON writes otherwise
		return string(b[1 : len(b)-1]), nil
	}
	var s string
	err := json.Unmarshal(b, &s)
	return s, err
}
