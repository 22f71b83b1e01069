package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// NewChip says who does something: a small label over a name.
func NewChip(label, name string, labelColor, fill fyne.ThemeColorName) fyne.CanvasObject {
	s := NewSurface(fill, 12, 7, 8, Column(1, BoldLine(label, labelColor, SizeSmall), BoldLine(name, ColorText, SizeText)))
	s.Edge, s.EdgeWidth = ColorCardEdge, 1
	return s
}

// NewPill is a short word that stands out.
func NewPill(text string, c, fill fyne.ThemeColorName) fyne.CanvasObject {
	return NewSurface(fill, 11, 4, 12, BoldLine(text, c, SizeSmall))
}

// NewGroup is one group of a value, large, with its words below.
func NewGroup(text string, words []string, large bool) fyne.CanvasObject {
	size := theme.SizeNameHeadingText
	padX, padY := float32(12), float32(6)
	if large {
		size, padX, padY = SizeValue, 16, 8
	}
	value := MonoLine(text, ColorText, size)
	value.Align = fyne.TextAlignCenter
	parts := []fyne.CanvasObject{value}
	for _, w := range words {
		line := Line(w, ColorText, SizeText)
		line.Align = fyne.TextAlignCenter
		parts = append(parts, line)
	}
	s := NewSurface(ColorTint, padX, padY, 8, Column(1, parts...))
	s.Edge, s.EdgeWidth = ColorCardEdge, 1
	return s
}

// NewNumbered is a list of instructions, in a size of text.
func NewNumbered(lines []string, size fyne.ThemeSizeName) fyne.CanvasObject {
	list := Column(6)
	for i, l := range lines {
		list.Add(newItem(i+1, l, size))
	}
	return list
}

// NewTable shows names and values, the values in full and monospaced.
func NewTable(rows [][2]string) fyne.CanvasObject {
	list := Column(0)
	for i, row := range rows {
		fill := ColorTintQuiet
		if i%2 == 1 {
			fill = ColorCard
		}
		name := Block(row[0], ColorMuted, SizeText)
		value := MonoBlock(row[1], ColorText, SizeText)
		list.Add(NewSurface(fill, 12, 5, 0, newPair(name, value)))
	}
	frame := NewSurface(ColorCard, 1, 1, 0, list)
	frame.Edge, frame.EdgeWidth = ColorCardEdge, 1
	return frame
}
