package keycheck

import (
	"slices"
	"strings"
	"testing"
)

func TestWordsAnswerThePublishedExamples(t *testing.T) {
	for digest, want := range map[string]string{
		"":                 "",
		"e58294f2e9a22748": "topmost Istanbul Pluto vagabond treadmill Pacific brackish dictator",
		// The rest of the same example, a fingerprint of 20 bytes.
		"e58294f2e9a227486e8b061b31cc528fd7fa3f19": "topmost Istanbul Pluto vagabond treadmill Pacific brackish dictator " +
			"goldfish Medusa afflict bravado chatter revolver Dupont midsummer stopwatch whimsical cowbell bottomless",
		"0000ffff": "aardvark adroitness Zulu Yucatan",
	} {
		words, err := WordsOfHex(digest)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(words, " "); got != want {
			t.Errorf("%s:\n got %s\nwant %s", digest, got, want)
		}
	}
}

func TestBothWordListsAreWholeSortedAndWithoutRepeats(t *testing.T) {
	even, odd := strings.Fields(twoSyllables), strings.Fields(threeSyllables)
	for _, list := range [][]string{even, odd} {
		// The list as published has one pair out of order: applicant, Apollo.
		lower := strings.Fields(strings.ToLower(strings.Replace(strings.Join(list, " "), "applicant Apollo", "Apollo applicant", 1)))
		if len(list) != 256 || !slices.IsSorted(lower) {
			t.Errorf("%d words, sorted %t", len(list), slices.IsSorted(lower))
		}
	}
	all := slices.Concat(even, odd)
	slices.Sort(all)
	if n := len(slices.Compact(all)); n != 512 {
		t.Errorf("%d different words in both lists, want 512", n)
	}
}

func TestWordsOfHexRefusesWhatIsNoHex(t *testing.T) {
	for _, s := range []string{"0", "0g", "e5 82", "é5"} {
		if words, err := WordsOfHex(s); err == nil {
			t.Errorf("%q gives %v", s, words)
		}
	}
}

// SHA-256 of no bytes, FIPS 180-4 example.
func TestFingerprintIsTheSHA256OfTheDER(t *testing.T) {
	if got := Fingerprint(nil); got != "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" {
		t.Error(got)
	}
}

func TestGroupPartsByFour(t *testing.T) {
	for value, want := range map[string]string{
		"": "", "1": "1", "1a2b": "1a2b", "1a2b3c4d5e": "1a2b 3c4d 5e", "ααββγ": "ααββ γ",
	} {
		if got := Group(value); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}

func TestSpellNamesEveryLetterAndDigit(t *testing.T) {
	for value, want := range map[string]string{
		"1a 2B":      "one Alfa two Bravo",
		"0123456789": "zero one two three four five six seven eight nine",
		"xyz-q":      "X-ray Yankee Zulu - Quebec",
		"":           "",
	} {
		if got := strings.Join(Spell(value), " "); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
	alphabet := "abcdefghijklmnopqrstuvwxyz"
	for i, word := range Spell(alphabet) {
		if !strings.EqualFold(word[:1], alphabet[i:i+1]) {
			t.Errorf("%q is spelled %q", alphabet[i:i+1], word)
		}
	}
}
