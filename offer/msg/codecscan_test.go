package msg_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
)

// plainParts takes an object or a list apart with the standard library.
func plainParts(t *testing.T, b []byte) (names []string, values [][]byte) {
	d := json.NewDecoder(bytes.NewReader(b))
	_, err := d.Token()
	require.NoError(t, err)
	for d.More() {
		name := ""
		if b[0] == '{' {
			x, err := d.Token()
			require.NoError(t, err)
			name = x.(string)
		}
		var value json.RawMessage
		require.NoError(t, d.Decode(&value))
		names, values = append(names, name), append(values, bytes.TrimSpace(value))
	}
	return names, values
}

// FuzzParts holds the parts that the codec finds in JSON against those that the standard library finds.
//
// docs/protocol.md §2
func FuzzParts(f *testing.F) {
	for _, text := range []string{
		`{}`, `[]`, "{ \t\r\n}", `[1,-2.5e7 , "a\"]" ,null,{"b":[{}]} ]`, `{"a":"}","\u0061\\":[[],{"x":"\\"}],"":0}`, `{"é":"\ud83d\ude00"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		b = bytes.TrimSpace(b)
		if !utf8.Valid(b) || !json.Valid(b) || b[0] != '{' && b[0] != '[' {
			return
		}
		names, values, err := msg.Parts(b)
		require.NoError(t, err)
		plainNames, plainValues := plainParts(t, b)
		require.Equal(t, plainNames, names)
		require.Equal(t, plainValues, values)
	})
}

// The reader keeps one bit for each field of a struct.
//
// docs/protocol.md §2
func TestStructsOfTheCodecAreNarrow(t *testing.T) {
	require.NotEmpty(t, msg.FieldNames())
	for typ, names := range msg.FieldNames() {
		require.LessOrEqual(t, len(names), 64, "%v: read its fields another way", typ)
	}
}

// docs/resource-model.md §2.3 unknown keys within resources are ignored on the wire; those of a message are not.
func TestUnknownFieldsAreIgnoredInResourcesOnly(t *testing.T) {
	m := msg.RegisterAgent{Total: resource.MustParse("cpus:1")}
	text, err := msg.Marshal(m)
	require.NoError(t, err)
	within := bytes.Replace(text, []byte(`"name":"cpus"`), []byte(`"bogus":[{"name":1}],"name":"cpus"`), 1)
	require.NotEqual(t, text, within)
	back, err := msg.Unmarshal(within)
	require.NoError(t, err)
	require.Equal(t, "cpus:1", back.(msg.RegisterAgent).Total.String())
	_, err = msg.Unmarshal(bytes.Replace(text, []byte(`"type"`), []byte(`"bogus":1,"type"`), 1))
	require.ErrorIs(t, err, msg.ErrMessage)
}
