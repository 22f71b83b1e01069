package plan

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"keyrite.dev/keyrite/ceremony/canon"
)

// Caps, checked before what they limit is kept.
const (
	MaxFile = 64 << 10 // bytes; 16 custodians with hybrid recipients need 40 kB
	MaxList = 64       // members of any list; a seal holds as many signatures
)

// Parse reads a plan as people write it: any order of fields, any white space,
// and nothing else that JSON readers forgive. Every field is required; unknown
// and repeated fields, other letter cases, null, fractions, other types, trailing
// data and over-long or misleading texts are refused with line, column and path.
func Parse(data []byte) (Plan, error) {
	if len(data) > MaxFile {
		return Plan{}, fmt.Errorf("invalid plan: %d bytes, at most %d", len(data), MaxFile)
	}
	if i := invalidUTF8(data); i >= 0 {
		return Plan{}, fmt.Errorf("invalid plan: %s: the file is not UTF-8 text", place(data, i))
	}
	r := reader{data: data, dec: json.NewDecoder(strings.NewReader(string(data)))}
	r.dec.UseNumber()
	var p Plan
	if err := r.value(reflect.ValueOf(&p).Elem(), field{}); err != nil {
		return Plan{}, fmt.Errorf("invalid plan: %w", err)
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return Plan{}, fmt.Errorf("invalid plan: %s: there is more after the end of the plan", place(data, r.start()))
	}
	if err := p.check(); err != nil {
		return Plan{}, fmt.Errorf("invalid plan: %w", err)
	}
	return p, nil
}

// ParseCanonical reads a plan as it is signed: what [Parse] takes, in the one
// spelling of package canon.
func ParseCanonical(data []byte) (Plan, error) {
	if len(data) > MaxFile {
		return Plan{}, fmt.Errorf("invalid plan: %d bytes, at most %d", len(data), MaxFile)
	}
	var p Plan
	if err := canon.Unmarshal(data, &p); err != nil {
		return Plan{}, fmt.Errorf("invalid plan: %w", err)
	}
	return Parse(data)
}

// Canonical is the spelling of p that is signed.
func Canonical(p Plan) ([]byte, error) {
	p = p.Clone()
	return canon.Marshal(p)
}

// A reader fills Go values from JSON, by their types.
type reader struct {
	data []byte
	dec  *json.Decoder
}

// A field is where a value belongs and what its struct field asks of it.
type field struct {
	path string
	max  int  // bytes of text
	id   bool // a short name of ours
}

// maxText is the cap for texts whose field sets no other; arbitrary.
const maxText = 64

func (r *reader) value(v reflect.Value, f field) error {
	at := r.start()
	t, err := r.dec.Token()
	if err != nil {
		return r.broken(err)
	}
	switch v.Kind() {
	case reflect.Struct:
		if t != json.Delim('{') {
			return r.wrong(at, f, "an object", t)
		}
		return r.object(v, f, at)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return r.base64(v, f, at, t)
		}
		if t != json.Delim('[') {
			return r.wrong(at, f, "a list", t)
		}
		return r.list(v, f)
	case reflect.Int:
		return r.number(v, f, at, t)
	default:
		s, ok := t.(string)
		if !ok {
			return r.wrong(at, f, "a text", t)
		}
		v.SetString(s)
		return r.text(v, f, at)
	}
}

func (r *reader) object(v reflect.Value, f field, at int) error {
	fields, seen := fieldsOf(v.Type()), map[string]bool{}
	for r.dec.More() {
		at := r.start()
		t, err := r.dec.Token()
		if err != nil {
			return r.broken(err)
		}
		name, _ := t.(string) // the decoder refuses other keys
		i, known := fields[name]
		switch {
		case !known:
			return r.refuse(at, f, "unknown field %q%s", name, hint(fields, name))
		case seen[name]:
			return r.refuse(at, f, "field %q is there twice", name)
		}
		seen[name] = true
		if err := r.value(v.Field(i), f.member(v.Type().Field(i), name)); err != nil {
			return err
		}
	}
	if _, err := r.dec.Token(); err != nil {
		return r.broken(err)
	}
	var missing []string
	for i := range v.NumField() {
		if name := v.Type().Field(i).Tag.Get("json"); !seen[name] {
			missing = append(missing, strconv.Quote(name))
		}
	}
	if missing != nil {
		return r.refuse(at, f, "missing %s", strings.Join(missing, ", "))
	}
	return nil
}

func (r *reader) list(v reflect.Value, f field) error {
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	for r.dec.More() {
		at, item := r.start(), f
		item.path = fmt.Sprintf("%s[%d]", f.path, v.Len())
		if v.Len() == MaxList {
			return r.refuse(at, item, "more than %d entries", MaxList)
		}
		v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
		if err := r.value(v.Index(v.Len()-1), item); err != nil {
			return err
		}
	}
	if _, err := r.dec.Token(); err != nil {
		return r.broken(err)
	}
	return nil
}

func (r *reader) number(v reflect.Value, f field, at int, t json.Token) error {
	n, ok := t.(json.Number)
	if !ok {
		return r.wrong(at, f, "a whole number", t)
	}
	i, err := strconv.ParseUint(n.String(), 10, 31)
	if err != nil {
		return r.refuse(at, f, "%s is not a whole number from 0 to %d", n, math.MaxInt32)
	}
	v.SetInt(int64(i)) //nolint:gosec // 31 bits
	return nil
}

func (r *reader) base64(v reflect.Value, f field, at int, t json.Token) error {
	s, ok := t.(string)
	if !ok {
		return r.wrong(at, f, "a text in base64", t)
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || base64.StdEncoding.EncodeToString(b) != s {
		return r.refuse(at, f, "not standard base64")
	}
	v.SetBytes(b)
	return nil
}

func (r *reader) text(v reflect.Value, f field, at int) error {
	if err := checkText(v, f); err != nil {
		return r.refuse(at, f, "%s", err)
	}
	return nil
}

// member is the field of a struct field.
func (f field) member(sf reflect.StructField, name string) field {
	path := name
	if f.path != "" {
		path = f.path + "." + name
	}
	limit, err := strconv.Atoi(sf.Tag.Get("max"))
	if err != nil {
		limit = maxText
	}
	return field{path: path, max: limit, id: sf.Tag.Get("form") == "id"}
}

func fieldsOf(t reflect.Type) map[string]int {
	m := map[string]int{}
	for i := range t.NumField() {
		m[t.Field(i).Tag.Get("json")] = i
	}
	return m
}

func hint(fields map[string]int, name string) string {
	for known := range fields {
		if strings.EqualFold(known, name) {
			return fmt.Sprintf("; it is spelled %q", known)
		}
	}
	return ""
}

// start is where the next token begins.
func (r *reader) start() int {
	i := int(r.dec.InputOffset())
	for i < len(r.data) && strings.IndexByte(" \t\r\n,:", r.data[i]) >= 0 {
		i++
	}
	return i
}

// broken reports JSON that is not JSON.
func (r *reader) broken(err error) error {
	var s *json.SyntaxError
	at := int(r.dec.InputOffset())
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: the file ends too early", place(r.data, len(r.data)))
	case errors.As(err, &s):
		at = max(at, int(s.Offset)-1)
	}
	return fmt.Errorf("%s: %w", place(r.data, at), err)
}

func (r *reader) wrong(at int, f field, want string, got json.Token) error {
	return r.refuse(at, f, "want %s, not %s", want, nameOf(got))
}

func (r *reader) refuse(at int, f field, format string, args ...any) error {
	problem := fmt.Sprintf(format, args...)
	if f.path != "" {
		problem = f.path + ": " + problem
	}
	return fmt.Errorf("%s: %s", place(r.data, at), problem)
}

func nameOf(t json.Token) string {
	switch t := t.(type) {
	case nil:
		return "null"
	case json.Delim:
		if t == '{' {
			return "an object"
		}
		return "a list"
	case string:
		return "a text"
	case bool:
		return "a truth value"
	default:
		return "a number"
	}
}

// place says where byte i is, counting characters from 1.
func place(data []byte, i int) string {
	before := string(data[:min(i, len(data))])
	line := strings.Count(before, "\n") + 1
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Sprintf("line %d, column %d", line, column)
}

func invalidUTF8(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}
