package worker

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"keyrite.dev/keyrite/ceremony/credential"
	"keyrite.dev/keyrite/hsm"
)

func FuzzAWorkerRefusesWhatNobodyApproved(f *testing.F) {
	for _, parts := range [][]string{
		{},
		{""},
		{"{}"},
		{`{"do":"split"}`, "123456"},
		{`{"do":"open","holders":["custodian-1"]}`, "{}", "phrase"},
		{`{"do":"recover","folder":"/nonexistent","request":7,"holders":["a","b"]}`, "1234", "{}", "phrase", "{}", "phrase"},
		{`{"do":`},
		{"null"},
	} {
		var b bytes.Buffer
		for _, p := range parts {
			if err := writeFrame(&b, []byte(p)); err != nil {
				f.Fatal(err)
			}
		}
		f.Add(b.Bytes())
	}
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{0, 0, 0, 9, '{'})
	f.Fuzz(func(t *testing.T, in []byte) {
		a, err := perform(t.Context(), bytes.NewReader(in))
		if err == nil || a != (answer{}) {
			t.Errorf("answered %+v, %v", a, err)
		}
	})
}

func FuzzAFrameIsReadAsItWasWritten(f *testing.F) {
	for _, seed := range []string{"", "a", "{}", "\x00\x00\x00\x01"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var b bytes.Buffer
		if err := writeFrame(&b, data); err != nil {
			t.Fatal(err)
		}
		b.WriteString("next")
		got, err := readFrame(&b)
		if err != nil || !bytes.Equal(got, data) || b.String() != "next" {
			t.Errorf("read %q, %v, left %q", got, err, b.String())
		}
	})
}

func TestRefusesToWriteAFrameThatNobodyWouldRead(t *testing.T) {
	var b bytes.Buffer
	if err := writeFrame(&b, make([]byte, maxFrame+1)); err == nil || b.Len() > 0 {
		t.Errorf("wrote %d bytes, %v", b.Len(), err)
	}
}

// What callers test for crosses the pipe; all else becomes its text.
func TestErrorsCrossThePipe(t *testing.T) {
	for _, pin := range []hsm.PINError{{}, {Low: true}, {Final: true}, {Locked: true}} {
		var got hsm.PINError
		if err := faultOf(fmt.Errorf("login: %w", pin)).err(); !errors.As(err, &got) || got != pin {
			t.Errorf("%+v became %v", pin, err)
		}
	}
	if err := faultOf(fmt.Errorf("share: %w", credential.ErrPassphrase)).err(); !errors.Is(err, credential.ErrPassphrase) {
		t.Errorf("a wrong passphrase became %v", err)
	}
	if err := faultOf(errors.New("the disk is full")).err(); err == nil || err.Error() != "the disk is full" {
		t.Errorf("became %v", err)
	}
	if err := (*fault)(nil).err(); err != nil {
		t.Errorf("no fault became %v", err)
	}
}

// The check value of the all-zero AES-256 key: CMAC over a zero block, from
// openssl mac -cipher AES-256-CBC.
func TestAKeyIsComparedByItsCheckValue(t *testing.T) {
	zero := make([]byte, 32)
	kcv := []byte{0x92, 0x11, 0x05, 0x3c, 0x55}
	if err := sameKey(zero, kcv); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]struct{ key, kcv []byte }{
		"another key": {bytes.Repeat([]byte{1}, 32), kcv}, "a cut value": {zero, kcv[:4]}, "no value": {zero, nil}, "a cut key": {zero[:31], kcv},
	} {
		if sameKey(c.key, c.kcv) == nil {
			t.Errorf("%s: taken for the same", name)
		}
	}
}
