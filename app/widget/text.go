package widget

import (
	"image/color"
	"strings"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	fw "fyne.io/fyne/v2/widget"
)

// A Text is words in a theme colour and size, without the padding of a label.
type Text struct {
	fw.BaseWidget
	Color    fyne.ThemeColorName
	SizeName fyne.ThemeSizeName
	Style    fyne.TextStyle
	Align    fyne.TextAlign
	mode     textMode
	text     string

	// Breaking text into lines measures every word; asked for the same width
	// again, which layouts do many times, it is the same.
	broken struct {
		text        string
		width, size float32
		lines       []string
	}
}

type textMode int

const (
	textLine  textMode = iota // one line, as wide as it is
	textClip                  // one line, shortened to the width it gets
	textBlock                 // wraps
)

func newText(mode textMode, text string, c fyne.ThemeColorName, size fyne.ThemeSizeName, style fyne.TextStyle) *Text {
	t := &Text{Color: c, SizeName: size, Style: style, mode: mode, text: text}
	t.ExtendBaseWidget(t)
	return t
}

// Line is one line of text.
func Line(text string, c fyne.ThemeColorName, size fyne.ThemeSizeName) *Text {
	return newText(textLine, text, c, size, fyne.TextStyle{})
}

// BoldLine is one line of bold text.
func BoldLine(text string, c fyne.ThemeColorName, size fyne.ThemeSizeName) *Text {
	return newText(textLine, text, c, size, bold())
}

// MonoLine is one line in the face that tells 0 from O and 1 from l.
func MonoLine(text string, c fyne.ThemeColorName, size fyne.ThemeSizeName) *Text {
	return newText(textLine, text, c, size, mono())
}

// ClippedLine is one line that is shortened where it has too little room.
func ClippedLine(text string, c fyne.ThemeColorName, size fyne.ThemeSizeName, style fyne.TextStyle) *Text {
	return newText(textClip, text, c, size, style)
}

// Block is text that wraps.
func Block(text string, c fyne.ThemeColorName, size fyne.ThemeSizeName) *Text {
	return newText(textBlock, text, c, size, fyne.TextStyle{})
}

// BoldBlock is bold text that wraps.
func BoldBlock(text string, c fyne.ThemeColorName, size fyne.ThemeSizeName) *Text {
	return newText(textBlock, text, c, size, bold())
}

// MonoBlock is text in the monospaced face that wraps, inside words too.
func MonoBlock(text string, c fyne.ThemeColorName, size fyne.ThemeSizeName) *Text {
	return newText(textBlock, text, c, size, mono())
}

// Caption is a small bold heading.
func Caption(text string) *Text { return BoldLine(text, ColorMuted, SizeSmall) }

// Set changes the words.
func (t *Text) Set(text string) {
	if t.text == text {
		return
	}
	t.text = text
	t.Refresh()
}

// String is the words.
func (t *Text) String() string { return t.text }

// HeightFor is the height at a width.
func (t *Text) HeightFor(width float32) float32 {
	if t.mode != textBlock {
		return t.lineHeight()
	}
	return float32(len(t.lines(width))) * t.lineHeight()
}

// leading is the height of a line by the height of its face.
const leading = 1.12

func (t *Text) lineHeight() float32 {
	h := t.measure("M").Height
	if t.mode == textBlock {
		h *= leading
	}
	return h
}

func (t *Text) measure(s string) fyne.Size {
	return fyne.MeasureText(s, theme.SizeForWidget(t.SizeName, t), t.Style)
}

// lines breaks the text at a width.
func (t *Text) lines(width float32) []string {
	switch t.mode {
	case textBlock:
		return t.block(width)
	case textClip:
		return []string{t.clip(width)}
	default:
		return []string{t.text}
	}
}

func (t *Text) block(width float32) []string {
	size := theme.SizeForWidget(t.SizeName, t)
	b := &t.broken
	if b.lines != nil && b.text == t.text && b.width == width && b.size == size {
		return b.lines
	}
	var out []string
	for p := range strings.SplitSeq(t.text, "\n") {
		out = append(out, t.wrap(p, width)...)
	}
	b.text, b.width, b.size, b.lines = t.text, width, size, out
	return out
}

func (t *Text) clip(width float32) string {
	if width <= 0 || t.measure(t.text).Width <= width {
		return t.text
	}
	runes := []rune(t.text)
	for len(runes) > 1 {
		runes = runes[:len(runes)-1]
		if s := strings.TrimRight(string(runes), " ") + "…"; t.measure(s).Width <= width {
			return s
		}
	}
	return "…"
}

func (t *Text) wrap(paragraph string, width float32) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(paragraph) {
		next := word
		if line != "" {
			next = line + " " + word
		}
		if t.measure(next).Width <= width || width <= 0 {
			line = next
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		pieces := t.breakWord(word, width)
		lines, line = append(lines, pieces[:len(pieces)-1]...), pieces[len(pieces)-1]
	}
	return append(lines, line)
}

// breakWord cuts a word that is wider than a line, as digests are.
func (t *Text) breakWord(word string, width float32) []string {
	var out []string
	for t.measure(word).Width > width && utf8.RuneCountInString(word) > 1 {
		cut := 0
		for i := range word {
			if i > 0 && t.measure(word[:i]).Width > width {
				break
			}
			cut = i
		}
		if cut == 0 {
			_, cut = utf8.DecodeRuneInString(word)
		}
		out, word = append(out, word[:cut]), word[cut:]
	}
	return append(out, word)
}

// CreateRenderer is Fyne's hook.
func (t *Text) CreateRenderer() fyne.WidgetRenderer {
	t.ExtendBaseWidget(t)
	return &textRenderer{t: t}
}

type textRenderer struct {
	t     *Text
	lines []*canvas.Text
}

func (r *textRenderer) Destroy() {}

func (r *textRenderer) Objects() []fyne.CanvasObject {
	out := make([]fyne.CanvasObject, len(r.lines))
	for i, l := range r.lines {
		out[i] = l
	}
	return out
}

// blockWidth is the least width of text that wraps.
const blockWidth = 40

func (r *textRenderer) MinSize() fyne.Size {
	switch r.t.mode {
	case textBlock:
		w := max(r.t.Size().Width, blockWidth)
		return fyne.NewSize(blockWidth, r.t.HeightFor(w))
	case textClip:
		return fyne.NewSize(20, r.t.lineHeight())
	default:
		return fyne.NewSize(r.t.measure(r.t.text).Width, r.t.lineHeight())
	}
}

func (r *textRenderer) Layout(size fyne.Size) {
	texts := r.t.lines(size.Width)
	for len(r.lines) < len(texts) {
		r.lines = append(r.lines, canvas.NewText("", color.Transparent))
	}
	r.lines = r.lines[:len(texts)]
	h := r.t.lineHeight()
	for i, l := range r.lines {
		l.Text, l.Color = texts[i], colorOf(r.t, r.t.Color)
		l.TextSize, l.TextStyle, l.Alignment = theme.SizeForWidget(r.t.SizeName, r.t), r.t.Style, r.t.Align
		l.Resize(fyne.NewSize(size.Width, h))
		l.Move(fyne.NewPos(0, float32(i)*h))
	}
}

func (r *textRenderer) Refresh() {
	r.Layout(r.t.Size())
	canvas.Refresh(r.t)
}
