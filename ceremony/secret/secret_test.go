package secret

import (
	"bytes"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// material is what no output may hold, in any spelling.
const material = "hunter2-is-no-passphrase"

type outer struct {
	Exported   Bytes
	Pointer    *Bytes
	unexported Bytes
	pointer    *Bytes
	List       []Bytes
	Map        map[string]Bytes
	Any        any
	inner      inner
}

type inner struct{ deep struct{ s Bytes } }

// holders are a secret in every place where a program may keep one.
func holders() map[string]any {
	s := Copy([]byte(material))
	p := &s
	o := outer{
		Exported: s, Pointer: p, unexported: s, pointer: p, List: []Bytes{s}, Map: map[string]Bytes{"k": s}, Any: s,
	}
	o.inner.deep.s = s
	return map[string]any{
		"value": s, "pointer": p, "struct": o, "pointer to struct": &o, "slice": []Bytes{s}, "array": [1]Bytes{s},
		"map": map[string]Bytes{"k": s}, "interface": any(s), "slice of interfaces": []any{s, p, o},
		"func": s.Expose, "error": fmt.Errorf("failed with %v: %w", s, errors.Join(fmt.Errorf("%+v", o))),
	}
}

// leaks reports whether out holds the material: as it is, in hex, in decimal or
// as a Go literal.
func leaks(out string) bool {
	b := []byte(material)
	for _, spelling := range []string{
		material[:6], hex.EncodeToString(b[:6]), strings.ToUpper(hex.EncodeToString(b[:6])),
		strings.Trim(fmt.Sprint(b[:6]), "[]"), strings.Trim(fmt.Sprintf("%#v", b[:6]), "[]byte{}"),
		fmt.Sprintf("% x", b[:6]), fmt.Sprintf("% X", b[:6]), "aHVudGVy", fmt.Sprintf("%o", b[0]) + " " + fmt.Sprintf("%o", b[1]),
	} {
		if strings.Contains(out, spelling) {
			return true
		}
	}
	return false
}

func TestLeaksSeesAPlantedSecret(t *testing.T) {
	b := []byte(material)
	for _, out := range []string{
		material, fmt.Sprint(b), fmt.Sprintf("%x", b), fmt.Sprintf("%X", b), fmt.Sprintf("% x", b), fmt.Sprintf("%#v", b), fmt.Sprintf("%o", b),
	} {
		if !leaks(out) {
			t.Errorf("blind to %s", out)
		}
	}
	planted, err := json.Marshal(b)
	if err != nil || !leaks(string(planted)) {
		t.Errorf("blind to JSON %s, %v", planted, err)
	}
}

func TestNoVerbPrintsASecret(t *testing.T) {
	verbs := "vTtbcdoOqxXUeEfFgGsp"
	for name, h := range holders() {
		for _, verb := range verbs {
			for _, flags := range []string{"", "+", "#", "-", " ", "0", "#+", "32", ".64", "[1]"} {
				format := "%" + flags + string(verb)
				if out := fmt.Sprintf(format, h); leaks(out) {
					t.Errorf("%s of a %s: %s", format, name, out)
				}
			}
		}
		if out := fmt.Sprint(h) + fmt.Sprintln(h); leaks(out) {
			t.Errorf("Sprint of a %s: %s", name, out)
		}
	}
}

func TestASecretPrintsAsOneWord(t *testing.T) {
	s := Copy([]byte(material))
	for _, out := range []string{
		s.String(), s.GoString(), fmt.Sprint(s), fmt.Sprintf("%x", s), fmt.Sprintf("%#v", &s), fmt.Sprintf("%d", []Bytes{s})[1:9],
	} {
		if out != redacted {
			t.Errorf("%q", out)
		}
	}
}

func TestNoLogHoldsASecret(t *testing.T) {
	for name, h := range holders() {
		var out bytes.Buffer
		for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			log := slog.New(handler)
			log.Info("m", "h", h)
			log.With("h", h).WithGroup("g").Info("m", slog.Any("h", h), slog.Group("g", "h", h))
		}
		if leaks(out.String()) {
			t.Errorf("%s: %s", name, out.String())
		}
	}
}

func TestNoEncoderTakesASecret(t *testing.T) {
	for name, h := range holders() {
		for encoder, encode := range map[string]func(*bytes.Buffer) error{
			"json": func(b *bytes.Buffer) error { return json.NewEncoder(b).Encode(h) },
			"xml":  func(b *bytes.Buffer) error { return xml.NewEncoder(b).Encode(h) },
			"gob":  func(b *bytes.Buffer) error { return gob.NewEncoder(b).Encode(h) },
		} {
			var out bytes.Buffer
			err := encode(&out)
			if leaks(out.String()) || err != nil && leaks(err.Error()) {
				t.Errorf("%s of a %s: %q, %v", encoder, name, out.String(), err)
			}
			if name == "value" && err == nil {
				t.Errorf("%s took a secret: %q", encoder, out.String())
			}
		}
	}
}

func TestJoinPutsTheHalvesOfAPINTogether(t *testing.T) {
	whole := Join(Copy([]byte("123")), Bytes{}, Copy([]byte("456")))
	if !whole.Equal(Copy([]byte("123456"))) || whole.Len() != 6 {
		t.Error("not the two halves in order")
	}
}

func TestDestroyOverwritesWhatTakeWasGiven(t *testing.T) {
	b := []byte(material)
	s := Take(b)
	s.Destroy()
	if !bytes.Equal(b, make([]byte, len(material))) {
		t.Error("the bytes are still there")
	}
	s.Destroy()
	Bytes{}.Destroy()
}

func TestCopyIsIndependentOfItsSource(t *testing.T) {
	b := []byte(material)
	s := Copy(b)
	clear(b)
	if !s.Equal(Copy([]byte(material))) {
		t.Error("changed with its source")
	}
}

func TestEqualTellsSecretsApart(t *testing.T) {
	s := Copy([]byte(material))
	for _, other := range []Bytes{{}, Copy([]byte(material[1:])), Copy([]byte(material + " ")), Copy([]byte("Hunter2-is-no-passphrase"))} {
		if s.Equal(other) {
			t.Error("equal to another secret")
		}
	}
	if !(Bytes{}).Equal(Bytes{}) {
		t.Error("empty is not equal to empty")
	}
}

func TestExposeHandsTheErrorBack(t *testing.T) {
	want := errors.New("no")
	if got := Copy([]byte("x")).Expose(func([]byte) error { return want }); !errors.Is(got, want) {
		t.Error(got)
	}
	if err := (Bytes{}).Expose(func(b []byte) error {
		if b != nil {
			return errors.New("the zero value holds something")
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

func TestDoRunsItsFunctionOnce(t *testing.T) {
	n := 0
	Do(func() { n++ })
	if n != 1 {
		t.Errorf("ran %d times", n)
	}
}
