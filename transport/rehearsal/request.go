package rehearsal

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// A request is the JSON object of a call. The getters read members by their
// exact names and collect what is wrong, as the real service does; [request.err]
// says it all at once. A getter after a violation answers a zero value.
type request struct {
	region     string
	members    map[string]json.RawMessage
	violations []string
	serial     *fault // a member of a wrong type
}

func parseRequest(body []byte) (*request, error) {
	r := &request{}
	if err := json.Unmarshal(body, &r.members); err != nil || r.members == nil {
		return nil, newFault("SerializationException", "")
	}
	return r, nil
}

// err is what the getters found wrong, or nil.
func (r *request) err() error {
	switch n := len(r.violations); {
	case r.serial != nil:
		return r.serial
	case n == 0:
		return nil
	case n == 1:
		return validation("1 validation error detected: %s", r.violations[0])
	default:
		return validation("%d validation errors detected: %s", n, strings.Join(r.violations, "; "))
	}
}

// get decodes a member into v and tells whether it is there.
func (r *request) get(name string, v any) bool {
	raw, ok := r.members[name]
	if !ok || string(raw) == "null" {
		return false
	}
	if err := json.Unmarshal(raw, v); err != nil {
		r.serial = newFault("SerializationException", "")
		return false
	}
	return true
}

// refuse adds a violation in the API framework's words, which name members with
// a lower-case first letter.
func (r *request) refuse(name, value, constraint string) {
	member := strings.ToLower(name[:1]) + name[1:]
	r.violations = append(r.violations, fmt.Sprintf(
		"Value %s at '%s' failed to satisfy constraint: Member must %s", value, member, constraint))
}

func quoted(s string) string { return "'" + s + "'" }

// length refuses what is shorter or longer than the model allows.
func (r *request) length(name, shown string, n, least, most int) bool {
	switch {
	case n < least:
		r.refuse(name, shown, fmt.Sprintf("have length greater than or equal to %d", least))
	case n > most:
		r.refuse(name, shown, fmt.Sprintf("have length less than or equal to %d", most))
	default:
		return true
	}
	return false
}

// text is a text member of least to most characters; least 0: it may be absent.
func (r *request) text(name string, least, most int) string {
	var s string
	if !r.get(name, &s) {
		if least > 0 {
			r.refuse(name, "null", "not be null")
		}
		return ""
	}
	r.length(name, quoted(s), utf8.RuneCountInString(s), least, most)
	return s
}

// pattern is an optional text member; most characters, of the pattern.
func (r *request) pattern(name string, least, most int, p *regexp.Regexp, words string) (string, bool) {
	var s string
	if !r.get(name, &s) {
		return "", false
	}
	if r.length(name, quoted(s), utf8.RuneCountInString(s), least, most) && !p.MatchString(s) {
		r.refuse(name, quoted(s), "satisfy regular expression pattern: "+words)
	}
	return s, true
}

// keyID is the member KeyId, which most calls need.
func (r *request) keyID() string { return r.text("KeyId", 1, maxKeyID) }

// blob is a required bytes member of 1 to most bytes.
func (r *request) blob(name string, most int) []byte {
	var s string
	if !r.get(name, &s) {
		r.refuse(name, "null", "not be null")
		return nil
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		r.serial = newFault("SerializationException", "")
		return nil
	}
	r.length(name, "'java.nio.HeapByteBuffer'", len(b), 1, most)
	return b
}

// choice is a member of an enumeration. With a fallback it may be absent.
func (r *request) choice(name, fallback string, values ...string) string {
	var s string
	switch {
	case !r.get(name, &s):
		if fallback == "" {
			r.refuse(name, "null", "not be null")
		}
		return fallback
	case !slices.Contains(values, s):
		r.refuse(name, quoted(s), "satisfy enum value set: ["+strings.Join(values, ", ")+"]")
	}
	return s
}

// flag is an optional truth value.
func (r *request) flag(name string) bool {
	var b bool
	return r.get(name, &b) && b
}

// instant is an optional time: seconds since 1970, maybe with a fraction.
func (r *request) instant(name string) (time.Time, bool) {
	var f float64
	if !r.get(name, &f) {
		return time.Time{}, false
	}
	if math.Abs(f) > 1e11 {
		r.serial = newFault("SerializationException", "")
		return time.Time{}, false
	}
	whole, fraction := math.Modf(f)
	return time.Unix(int64(whole), int64(fraction*1e9)).UTC(), true
}

// texts is an optional map of texts.
func (r *request) texts(name string) map[string]string {
	var m map[string]string
	r.get(name, &m)
	return m
}

// An epoch is a time in an answer: seconds with milliseconds, as a number.
type epoch time.Time

func (e epoch) MarshalJSON() ([]byte, error) {
	ms := time.Time(e).UnixMilli()
	return fmt.Appendf(nil, "%d.%03d", ms/1000, ms%1000), nil
}

// at is an optional time of an answer.
func at(t time.Time) *epoch {
	if t.IsZero() {
		return nil
	}
	e := epoch(t)
	return &e
}
