package widget_test

import (
	"image/color"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"keyrite.dev/keyrite/app/widget"
	"keyrite.dev/keyrite/ceremony/secret"
)

func reveal(s secret.Bytes) string {
	var out string
	_ = s.Expose(func(b []byte) error { out = string(b); return nil })
	return out
}

func write(f fyne.Focusable, text string) {
	for _, r := range text {
		f.TypedRune(r)
	}
}

func press(f fyne.Focusable, k fyne.KeyName) {
	e := &fyne.KeyEvent{Name: k}
	if d, ok := f.(desktop.Keyable); ok {
		d.KeyDown(e)
		defer d.KeyUp(e)
	}
	f.TypedKey(e)
}

func newSecret(t *testing.T) (entry *widget.SecretEntry, notice *string) {
	t.Helper()
	test.NewTempApp(t)
	e, err := widget.NewSecretEntry(widget.NewKeys(), widget.SecretWords{Empty: "type", Count: "%d", NoPaste: "no paste", Full: "full"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Free)
	notice = new(string)
	e.OnNotice = func(s string) { *notice = s }
	return e, notice
}

func TestASecretIsTakenOnceAndEditedByCharacter(t *testing.T) {
	e, _ := newSecret(t)
	write(e, "schlüßx")
	press(e, fyne.KeyBackspace)
	press(e, fyne.KeyBackspace)
	write(e, "ssel €")
	if e.Len() != 11 {
		t.Errorf("%d characters", e.Len())
	}
	if got := reveal(e.Take()); got != "schlüssel €" {
		t.Errorf("%q", got)
	}
	if e.Len() != 0 || reveal(e.Take()) != "" {
		t.Error("it can be taken twice")
	}
}

func TestASecretKnowsNoClipboard(t *testing.T) {
	e, notice := newSecret(t)
	clip := test.NewClipboard()
	clip.SetContent("pasted")
	write(e, "abc")
	for _, s := range []fyne.Shortcut{
		&fyne.ShortcutPaste{Clipboard: clip}, &fyne.ShortcutCopy{Clipboard: clip}, &fyne.ShortcutCut{Clipboard: clip},
		&fyne.ShortcutSelectAll{}, &fyne.ShortcutUndo{}, &fyne.ShortcutRedo{},
	} {
		e.TypedShortcut(s)
	}
	if clip.Content() != "pasted" || reveal(e.Take()) != "abc" {
		t.Error("the clipboard reached the secret")
	}
	if *notice != "no paste" {
		t.Errorf("it says %q", *notice)
	}
}

func TestASecretEndsWithEscapeDeleteAndFree(t *testing.T) {
	for _, k := range []fyne.KeyName{fyne.KeyEscape, fyne.KeyDelete} {
		e, _ := newSecret(t)
		write(e, "abc")
		press(e, k)
		if e.Len() != 0 {
			t.Errorf("%s leaves it", k)
		}
	}
	e, _ := newSecret(t)
	write(e, "abc")
	e.Free()
	write(e, "d")
	if e.Len() != 0 || reveal(e.Take()) != "" {
		t.Error("a freed field still holds or takes something")
	}
}

func TestAFullSecretSaysSo(t *testing.T) {
	e, notice := newSecret(t)
	write(e, strings.Repeat("ß", 300))
	if *notice != "full" || e.Len() != 256 {
		t.Errorf("%q at %d", *notice, e.Len())
	}
}

func TestReturnCountsOncePerPress(t *testing.T) {
	e, _ := newSecret(t)
	n := 0
	e.OnEnter = func() { n++ }
	b := widget.NewButton(widget.Primary, "go", func() { n++ })
	for _, f := range []fyne.Focusable{e, b} {
		n = 0
		press(f, fyne.KeyReturn)
		f.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
		if n != 1 {
			t.Errorf("%T: %d times", f, n)
		}
	}
}

func TestAFieldHandsRegisteredKeysOnAndNoOthers(t *testing.T) {
	test.NewTempApp(t)
	keys := widget.NewKeys()
	n := 0
	keys.Add(fyne.KeyModifierAlt, fyne.KeyA, func() { n++ })
	e := widget.NewEntry(keys, "")
	e.TypedShortcut(&desktop.CustomShortcut{KeyName: fyne.KeyA, Modifier: fyne.KeyModifierAlt})
	e.TypedShortcut(&desktop.CustomShortcut{KeyName: fyne.KeyB, Modifier: fyne.KeyModifierAlt})
	e.SetText("abc")
	e.TypedShortcut(&fyne.ShortcutSelectAll{})
	if n != 1 || e.SelectedText() != "abc" {
		t.Errorf("%d, %q", n, e.SelectedText())
	}
}

func TestAValueIsGroupedAndDropsWhatPeopleAdd(t *testing.T) {
	test.NewTempApp(t)
	v := widget.NewValueEntry(widget.NewKeys(), true, "hex")
	write(v, "3F2A 91-CC")
	press(v, fyne.KeyBackspace)
	if v.Value() != "3F2A91C" {
		t.Error(v.Value())
	}
	press(v, fyne.KeyEscape)
	press(v, fyne.KeyBackspace)
	if v.Value() != "" {
		t.Error(v.Value())
	}
}

func TestNothingIsChosenBeforeSomebodyChooses(t *testing.T) {
	test.NewTempApp(t)
	var got []string
	c := widget.NewChooser([]widget.Choice{{ID: "a", Text: "A"}, {ID: "b", Text: "B"}}, func(id string) { got = append(got, id) })
	press(c, fyne.KeyLeft)
	press(c, fyne.KeyRight)
	press(c, fyne.KeyRight)
	if c.Chosen() != "" {
		t.Error("moving chose")
	}
	press(c, fyne.KeyReturn)
	write(c, "19")
	if strings.Join(got, "") != "ba" || c.Chosen() != "a" {
		t.Errorf("%v, then %q", got, c.Chosen())
	}
}

func TestTextBreaksAtWordsAndInsideLongOnes(t *testing.T) {
	test.NewTempApp(t)
	short := widget.Block("one two three", widget.ColorText, widget.SizeText)
	long := widget.MonoBlock(strings.Repeat("3f2a", 16), widget.ColorText, widget.SizeText)
	line := short.HeightFor(10_000)
	if h := short.HeightFor(60); h <= line {
		t.Errorf("%v at 60 wide, %v in one line", h, line)
	}
	if h := long.HeightFor(200); h < 2*line {
		t.Errorf("a digest takes %v at 200 wide", h)
	}
}

func TestEveryThemeDefinesEveryColourReadably(t *testing.T) {
	test.NewTempApp(t)
	pairs := [][2]fyne.ThemeColorName{
		{widget.ColorText, widget.ColorCard},
		{widget.ColorMuted, widget.ColorCard},
		{widget.ColorText, theme.ColorNameBackground},
		{theme.ColorNameForegroundOnPrimary, widget.ColorPrimary},
		{widget.ColorOnDanger, widget.ColorBad},
		{widget.ColorBad, widget.ColorTintBad},
		{widget.ColorWarn, widget.ColorTintWarn},
		{widget.ColorGood, widget.ColorTintGood},
		{widget.ColorPrimary, widget.ColorTint},
		{widget.ColorMarkText, widget.ColorTintMark},
		{widget.ColorOnMark, widget.ColorRehearsal},
		{widget.ColorRailText, widget.ColorRail},
		{widget.ColorRailMuted, widget.ColorRail},
		{widget.ColorRailText, widget.ColorRailOn},
		{widget.ColorRailText, widget.ColorBar},
		{theme.ColorNamePlaceHolder, theme.ColorNameInputBackground},
	}
	for _, m := range []widget.Mode{widget.Light, widget.Dark, widget.Contrast} {
		th := widget.Theme{Mode: m, Scale: 1}
		for _, p := range pairs {
			if c := contrast(th.Color(p[0], 0), th.Color(p[1], 0)); c < 4.5 {
				t.Errorf("mode %d: %s on %s has a contrast of %.1f", m, p[0], p[1], c)
			}
		}
		test.AssertAllColorNamesDefined(t, th, "keyrite")
	}
}

// contrast is the ratio of WCAG 2.2, "contrast ratio".
func contrast(a, b color.Color) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}
