package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"keyrite.dev/keyrite/ceremony/canon"
)

// edit replaces old by its replacement once in the default plan.
func edit(t testing.TB, old, replacement string) []byte {
	t.Helper()
	if !bytes.Contains(defaultPlan, []byte(old)) {
		t.Fatalf("the default plan has no %q", old)
	}
	return bytes.Replace(defaultPlan, []byte(old), []byte(replacement), 1)
}

func TestParseReadsWhatPrettyWrites(t *testing.T) {
	want := Default(AES256, false)
	data, err := Pretty(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(data)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n got %+v\nwant %+v", err, got, want)
	}
	if !bytes.Equal(data, defaultPlan) {
		t.Error("default.json is not in the spelling of Pretty")
	}
}

func TestParseTakesAnyOrderAndSpace(t *testing.T) {
	var fields map[string]any
	if err := json.Unmarshal(defaultPlan, &fields); err != nil {
		t.Fatal(err)
	}
	names := slices.Sorted(func(yield func(string) bool) {
		for name := range fields {
			if !yield(name) {
				return
			}
		}
	})
	slices.Reverse(names)
	var parts []string
	for _, name := range names {
		value, err := json.Marshal(fields[name])
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, fmt.Sprintf("%q\t:\r\n %s", name, value))
	}
	got, err := Parse([]byte(" {" + strings.Join(parts, " ,\n") + "}\n\n"))
	if err != nil || !reflect.DeepEqual(got, Default(AES256, false)) {
		t.Errorf("%v", err)
	}
}

func TestParseRefusesWithThePlace(t *testing.T) {
	for _, c := range []struct {
		name, old, replacement string
		want                   string
	}{
		{"an unknown field", `"afterwards"`, `"colour": "red", "afterwards"`, `line 2, column 3: unknown field "colour"`},
		{"an unknown field below", `"threshold": 3`, `"quorum": 3`, `line 121, column 5: shares: unknown field "quorum"`},
		{"another letter case", `"title"`, `"Title"`, `unknown field "Title"; it is spelled "title"`},
		{"another letter case below", `"minimumLifeMinutes"`, `"minimumlifeminutes"`, `it is spelled "minimumLifeMinutes"`},
		{"a repeated field", `"threshold": 3`, "\"threshold\": 3,\n    \"threshold\": 2", `line 122, column 5: shares: field "threshold" is there twice`},
		{"a field repeated in an escape", `"threshold": 3`, `"threshold": 3, "thr\u0065shold": 2`, `shares: field "threshold" is there twice`},
		{"a missing field", "    \"count\": 5,\n", "", `line 119, column 13: shares: missing "count"`},
		{"a number as text", `"threshold": 3`, `"threshold": "3"`, `line 121, column 18: shares.threshold: want a whole number, not a text`},
		{"text as a number", `"region": "eu-central-1"`, `"region": 1`, "destination.region: want a text, not a number"},
		{"null", `"title": "`, `"title": null, "x": "`, "title: want a text, not null"},
		{"null for a list", `"exceptions": [`, `"exceptions": null, "x": [`, "exceptions: want a list, not null"},
		{"an object for a list", `"exceptions": [`, `"exceptions": {}, "x": [`, "exceptions: want a list, not an object"},
		{"a list for an object", `"shares": {`, `"shares": [], "x": {`, "shares: want an object, not a list"},
		{"a truth value", `"threshold": 3`, `"threshold": true`, "shares.threshold: want a whole number, not a truth value"},
		{"a fraction", `"threshold": 3`, `"threshold": 3.0`, "shares.threshold: 3.0 is not a whole number"},
		{"an exponent", `"threshold": 3`, `"threshold": 3e0`, "shares.threshold: 3e0 is not a whole number"},
		{"a negative number", `"threshold": 3`, `"threshold": -3`, "shares.threshold: -3 is not a whole number"},
		{"a large number", `"threshold": 3`, `"threshold": 4294967299`, "shares.threshold: 4294967299 is not a whole number"},
		{"a leading zero", `"threshold": 3`, `"threshold": 03`, "line 121"},
		{"a comment", `"title"`, `/* ours */ "title"`, "line 123, column 3"},
		{"a trailing comma", `"threshold": 3`, `"threshold": 3,`, "line 122"},
		{"a control character", `"title": "`, `"title": "\u0007`, "title: character U+0007"},
		{"a bidirectional override", `"title": "`, "\"title\": \"\u202e", "line 123, column 12: title: character U+202E"},
		{"an invisible space", `"name": "Ingrid`, "\"name\": \"\u200bIngrid", "roster[0].name: character U+200B"},
		{"decomposed letters", `"name": "Zoë`, "\"name\": \"Zoe\u0308", "roster[4].name: is not in Unicode normal form C"},
		{"half a surrogate pair", `"name": "Zoë`, `"name": "\ud800`, "roster[4].name: holds the replacement character"},
		{"unpadded base64", `b6Ng="`, `b6Ng"`, "roster[0].key: not standard base64"},
		{"base64 with a line feed", `b6Ng="`, `b6Ng=\n"`, "roster[0].key: not standard base64"},
		{"base64 with loose bits", `b6Ng="`, `b6Nh="`, "roster[0].key: not standard base64"},
		{"another base64", `9/F5X`, `9_F5X`, "roster[0].key: not standard base64"},
		{"a long title", `"title": "`, `"title": "` + strings.Repeat("x", 200), "title: 2"},
		{"an id with capitals", `"id": "fetcher"`, `"id": "Fetcher"`, `roster[4].id: "Fetcher" is no id`},
		{"an empty id", `"id": "fetcher"`, `"id": ""`, "roster[4].id"},
		{"a long id", `"id": "fetcher"`, `"id": "` + strings.Repeat("f", 41) + `"`, "roster[4].id"},
		{"an id twice", `"id": "fetcher"`, `"id": "importer"`, `roster[5].id: "importer" is there twice`},
		{"the recorder's id", `"id": "fetcher"`, `"id": "recorder"`, "roster[4].id"},
		{"an unknown role", `"role": "fetcher"`, `"role": "Fetcher"`, `roster[4].role: unknown role "Fetcher"`},
		{"an unknown end", `"afterwards": "keep"`, `"afterwards": "sell"`, `afterwards: want "keep" or "destroy"`},
		{"another version", `"version": 1`, `"version": 2`, "version: this program reads version 1, not 2"},
		{"no UTF-8", "Ingrid", "In\xffgrid", "line 36, column 18: the file is not UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse(edit(t, c.old, c.replacement))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "invalid plan: ") {
				t.Errorf("got %v\nwant …%s…", err, c.want)
			}
		})
	}
}

func TestParseRefusesWhatIsNotOnePlan(t *testing.T) {
	whole := string(defaultPlan)
	for name, data := range map[string]string{
		"nothing": "", "space": " \n", "null": "null", "a text": `"plan"`, "a list": "[" + whole + "]", "an empty object": "{}",
		"two plans": whole + whole, "data behind it": whole + "x", "a brace too many": whole + "}", "a comma behind it": whole + ",",
		"a byte order mark": "\ufeff" + whole, "NUL behind it": whole + "\x00",
		"deep nesting": strings.Repeat("[", 30000),
		"too large":    whole + strings.Repeat(" ", MaxFile),
	} {
		if _, err := Parse([]byte(data)); err == nil {
			t.Errorf("%s is taken as a plan", name)
		}
	}
}

func TestParseRefusesEveryCut(t *testing.T) {
	for i := range len(bytes.TrimSpace(defaultPlan)) {
		if _, err := Parse(defaultPlan[:i]); err == nil {
			t.Fatalf("a plan cut at byte %d is taken", i)
		}
	}
}

func TestParseNamesEveryFieldThatIsMissing(t *testing.T) {
	var doc map[string]any
	if err := json.Unmarshal(defaultPlan, &doc); err != nil {
		t.Fatal(err)
	}
	missing := func(from map[string]any, name string) {
		t.Helper()
		value := from[name]
		delete(from, name)
		data, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(data); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("missing %q", name)) {
			t.Errorf("without %s: %v", name, err)
		}
		from[name] = value
	}
	every := func(from any) {
		t.Helper()
		m, ok := from.(map[string]any)
		if !ok {
			t.Fatalf("%T is no object", from)
		}
		for name := range m {
			missing(m, name)
		}
	}
	every(doc)
	for _, name := range []string{"destination", "key", "shares", "wrapping"} {
		every(doc[name])
	}
	for _, name := range []string{"exceptions", "physicalSteps", "roster"} {
		list, ok := doc[name].([]any)
		if !ok || len(list) == 0 {
			t.Fatalf("no %s", name)
		}
		every(list[0])
	}
}

func TestListsAreCapped(t *testing.T) {
	p := Default(AES256, false)
	for len(p.PhysicalSteps) < MaxList {
		p.PhysicalSteps = append(p.PhysicalSteps, p.PhysicalSteps[0])
	}
	if err := reparse(t, p); err != nil {
		t.Errorf("%d steps: %v", MaxList, err)
	}
	p.PhysicalSteps = append(p.PhysicalSteps, p.PhysicalSteps[0])
	if err := reparse(t, p); err == nil || !strings.Contains(err.Error(), "physicalSteps[64]: more than 64 entries") {
		t.Errorf("%d steps: %v", MaxList+1, err)
	}
}

func reparse(t *testing.T, p Plan) error {
	t.Helper()
	data, err := Pretty(p)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Parse(data)
	return err
}

func TestTheLargestHonestPlanFits(t *testing.T) {
	p := Default(AES256, false)
	for i := range p.Roster {
		p.Roster[i].Recipient = "" // 16 hybrid recipients below
	}
	for i := range 16 {
		p.Roster = append(p.Roster, Member{
			ID: fmt.Sprintf("c-%d", i), Key: p.Roster[0].Key, Name: strings.Repeat("Ж", 50), Role: Custodian,
			Recipient: "age1pq1" + strings.Repeat("q", 1952),
		})
	}
	if err := reparse(t, p); err != nil {
		t.Error(err)
	}
	if data, err := Canonical(p); err != nil || len(data) > MaxFile {
		t.Errorf("%d bytes, %v", len(data), err)
	}
}

func TestTheSignedSpellingIsTheOnlyOne(t *testing.T) {
	want := Default(HMAC384, true)
	data, err := Canonical(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseCanonical(data)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v: %+v", err, got)
	}
	if _, err := ParseCanonical(defaultPlan); err == nil {
		t.Error("an indented plan is taken as the signed one")
	}
	if _, err := ParseCanonical(append(data, '\n')); err == nil {
		t.Error("a line feed is taken as part of the plan")
	}
	if _, err := ParseCanonical(bytes.Replace(data, []byte(`"version":1`), []byte(`"version":2`), 1)); err == nil {
		t.Error("the signed spelling escapes the form's checks")
	}
}

func TestAPlanMadeInCodeHasNoNull(t *testing.T) {
	data, err := Canonical(Plan{Roster: []Member{{}}})
	if err != nil || bytes.Contains(data, []byte("null")) {
		t.Errorf("%s, %v", data, err)
	}
}

func TestFieldsStandInTheOrderThatPackageCanonNeeds(t *testing.T) {
	for _, v := range []any{Plan{}, Destination{}, Exception{}, Key{}, PhysicalStep{}, Member{}, Shares{}, Wrapping{}} {
		typ := reflect.TypeOf(v)
		var names []string
		for field := range typ.Fields() {
			names = append(names, field.Tag.Get("json"))
		}
		if !slices.IsSorted(names) || slices.Contains(names, "") {
			t.Errorf("%s: %v", typ, names)
		}
	}
}

func TestAPersonIsTheSameInOtherLetters(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"Ingrid Sørensen", "INGRID  SØRENSEN", true},
		{"Ingrid Sørensen", " ingrid\u00a0sørensen ", true},
		{"Zoë Laurent", "Zoe\u0308 LAURENT", true},
		{"Νίκος Γεωργίου", "ΝΊΚΟΣ ΓΕΩΡΓΊΟΥ", true},
		{"Weiß", "weiß", true},
		{"ﬁona", "fiona", true}, // a ligature
		{"Ada Ng", "Ada Ngo", false},
		{"Anna", "Аnna", false}, // a Cyrillic А: two people, seen apart by their keys
	} {
		if got := (Member{Name: c.a}).Person() == (Member{Name: c.b}).Person(); got != c.same {
			t.Errorf("%q and %q: same %t", c.a, c.b, got)
		}
	}
}

func TestCloneSharesNothing(t *testing.T) {
	p := Default(AES256, false)
	q := p.Clone()
	q.Roster[0].Key[0]++
	q.Roster[1].Name, q.Exceptions[0].Rule, q.PhysicalSteps[0].Text = "x", "x", "x"
	if !reflect.DeepEqual(p, Default(AES256, false)) {
		t.Error("a change of the copy reached the original")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(defaultPlan)
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"title":"\ud800"}`))
	f.Add([]byte(`{"roster":[{"id":"a","key":"AA==","name":"é"}]}`))
	f.Add(edit(f, `"threshold": 3`, `"threshold": 1e2`))
	f.Add(edit(f, `"exceptions": [`, `"exceptions": [[`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse(data)
		if err != nil {
			return
		}
		signed, err := Canonical(p)
		if err != nil {
			t.Fatalf("a plan that was read cannot be signed: %v", err)
		}
		for _, again := range [][]byte{signed, must(Pretty(p))} {
			if q, err := Parse(again); err != nil || !reflect.DeepEqual(p, q) {
				t.Fatalf("read back another plan: %v", err)
			}
		}
		if q, err := ParseCanonical(signed); err != nil || !reflect.DeepEqual(p, q) {
			t.Fatalf("the signed spelling reads as another plan: %v", err)
		}
		if err := canon.CheckText(string(signed)); err != nil {
			t.Fatalf("a text that misleads came through: %v", err)
		}
	})
}

func must(data []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return data
}
