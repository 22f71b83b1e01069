package canon

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"unicode"
)

type sample struct {
	A []string          `json:"a"`
	B map[string]string `json:"b"`
	C int               `json:"c"`
	D bool              `json:"d"`
	E []byte            `json:"e"`
	F string            `json:"f"`
}

func full(text string) sample {
	return sample{A: []string{text}, B: map[string]string{"k": text}, C: 1<<31 - 1, D: true, E: []byte{0xff}, F: text}
}

func TestRefusesOtherSpellings(t *testing.T) {
	honest, err := Marshal(full("x"))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"a":["x"],"b":{"k":"x"},"c":2147483647,"d":true,"e":"/w==","f":"x"}`; string(honest) != want {
		t.Fatalf("%s, want %s", honest, want)
	}
	for name, change := range map[string][2]string{
		"unknown member": {`"f"`, `"ef":1,"f"`}, "member twice": {`"c":`, `"c":1,"c":`}, "member twice in a map": {`{"k"`, `{"k":"y","k"`},
		"other letters": {`"f"`, `"F"`}, "order": {`"c":2147483647,"d":true`, `"d":true,"c":2147483647`}, "space": {`"c":`, `"c": `},
		"text after": {`"x"}`, `"x"} `}, "null list": {`["x"]`, `null`}, "null bytes": {`"/w=="`, `null`}, "null in a list": {`["x"]`, `[null]`},
		"null map": {`{"k":"x"}`, `null`}, "exponent": {`2147483647`, `1e3`}, "fraction": {`2147483647`, `1.0`}, "minus zero": {`2147483647`, `-0`},
		"large": {`2147483647`, `2147483648`}, "negative": {`2147483647`, `-1`}, "escaped letter": {`"f":"x"`, `"f":"\u0078"`},
		"escaped slash": {`"f":"x"`, `"f":"\/"`}, "HTML escape": {`"f":"x"`, `"f":"\u003c"`}, "line feed": {`"f":"x"`, `"f":"\n"`},
		"separator escaped": {`"f":"x"`, `"f":"\u2028"`}, "bad UTF-8 escaped": {`"f":"x"`, `"f":"\ufffd"`}, "bad UTF-8": {`"f":"x"`, "\"f\":\"\xff\""},
		"override": {`"f":"x"`, "\"f\":\"\u202e\""}, "base64 spare bits": {`/w==`, `/x==`}, "base64 unpadded": {`/w==`, `/w`}, "cut": {`"x"}`, `"x"`},
	} {
		data := strings.Replace(string(honest), change[0], change[1], 1)
		if data == string(honest) {
			t.Errorf("%s changes nothing", name)
		}
		if err := Unmarshal([]byte(data), new(sample)); err == nil {
			t.Errorf("%s: took %s", name, data)
		}
	}
	if err := Unmarshal([]byte(`{"a": []}`), new(sample)); !errors.Is(err, ErrSpelling) {
		t.Errorf("error is %v", err)
	}
}

func TestRefusesToWriteWhatIsNotRead(t *testing.T) {
	for name, v := range map[string]any{
		"nil list": sample{}, "line feed": full("a\nb"), "tab": full("a\tb"), "separator": full("\u2029"), "bad UTF-8": full("\xff"),
		"override": full("\u2066"), "negative": map[string]int{"a": -1}, "fraction": map[string]float64{"a": 0.5}, "exponent": map[string]float64{"a": 1e30},
		"large": map[string]int{"a": 1 << 31}, "channel": make(chan int),
	} {
		if data, err := Marshal(v); err == nil {
			t.Errorf("%s: wrote %s", name, data)
		}
	}
}

// admitted are texts that the one spelling must carry unchanged.
func admitted() []string {
	return []string{"", "plain", `quote " back \ slash / <tag> & 'amp'`, `\n null -1 1.5e3 {"a":[]}`, "Zoë Łukasz 山田", "emoji 🔑", "e\u0301", "\u00a0", "\ufffd"}
}

func TestCarriesTexts(t *testing.T) {
	for _, text := range admitted() {
		data, err := Marshal(full(text))
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		var back sample
		if err := Unmarshal(data, &back); err != nil || back.F != text {
			t.Errorf("%q: %q, %v", text, back.F, err)
		}
	}
}

func TestSpellsAsJQ(t *testing.T) {
	for _, text := range admitted() {
		data, err := Marshal(full(text))
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("jq", "-cSj", ".")
		cmd.Stdin = bytes.NewReader(data)
		if out, err := cmd.Output(); err != nil || !bytes.Equal(out, data) {
			t.Errorf("%s, jq: %s %v", data, out, err)
		}
	}
}

// TestRefusedCharactersAreTheCategories compares our fixed list with the Unicode
// tables of this toolchain. When a new Unicode version adds a character to Cf,
// this is the place to decide about both verifiers.
func TestRefusedCharactersAreTheCategories(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if r >= 0xd800 && r < 0xe000 {
			continue // surrogates are not UTF-8
		}
		want := unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp)
		if got := CheckText("a"+string(r)) != nil; got != want {
			t.Errorf("%U: refused %v, want %v", r, got, want)
		}
	}
}

func FuzzUnmarshal(f *testing.F) {
	for _, text := range admitted() {
		data, err := Marshal(full(text))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"a":null,"b":{},"c":1e0,"d":false,"e":"","f":"\u0000"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var v sample
		if Unmarshal(data, &v) != nil {
			return
		}
		again, err := Marshal(v)
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("took %s, writes %s, %v", data, again, err)
		}
		if !json.Valid(data) || CheckText(v.F) != nil {
			t.Errorf("took %s", data)
		}
	})
}
