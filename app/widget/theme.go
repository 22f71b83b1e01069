// Package widget is the window's small set of parts: theme, surfaces, text that
// wraps, buttons and fields that the keyboard alone can work. It knows no
// ceremony.
package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// A Mode is a set of colours.
type Mode int

// The modes, in the order in which a key steps through them.
const (
	Light Mode = iota
	Dark
	Contrast
	modes
)

// Next is the mode after m.
func (m Mode) Next() Mode { return (m + 1) % modes }

// Sizes of text that Fyne has no name for.
const (
	SizeTitle fyne.ThemeSizeName = "keyriteTitle"
	SizeValue fyne.ThemeSizeName = "keyriteValue" // values read across a room
	SizeSmall fyne.ThemeSizeName = "keyriteSmall"
	SizeText                     = theme.SizeNameText
	SizeHead                     = theme.SizeNameSubHeadingText
)

// Bounds of the text scale.
const (
	MinScale = 0.9
	MaxScale = 2.0
)

// A Theme is one mode at one text size. It is a value: to change it, make
// another and hand that to Fyne.
type Theme struct {
	Mode  Mode
	Scale float32 // multiplies text, not the gaps
}

var _ fyne.Theme = Theme{}

// Color finds our own names and Fyne's in one palette.
func (t Theme) Color(n fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	if c, ok := paletteOf(t.Mode)[n]; ok {
		return c
	}
	variant := theme.VariantDark
	if t.Mode == Light {
		variant = theme.VariantLight
	}
	return theme.DefaultTheme().Color(n, variant)
}

// Font is Fyne's bundled face for everything: it alone of those tried redraws no
// sequence of characters that people must compare.
func (t Theme) Font(s fyne.TextStyle) fyne.Resource { return theme.DefaultTheme().Font(s) }

// Icon is Fyne's.
func (t Theme) Icon(n fyne.ThemeIconName) fyne.Resource { return theme.DefaultTheme().Icon(n) }

// Size scales text sizes; gaps stay.
func (t Theme) Size(n fyne.ThemeSizeName) float32 {
	switch n {
	case theme.SizeNameText:
		return 14 * t.Scale
	case theme.SizeNameSubHeadingText:
		return 17 * t.Scale
	case theme.SizeNameHeadingText:
		return 22 * t.Scale
	case SizeTitle:
		return 28 * t.Scale
	case SizeValue:
		return 30 * t.Scale
	case theme.SizeNameCaptionText, SizeSmall:
		return 12 * t.Scale
	case theme.SizeNameInlineIcon:
		return 20 * t.Scale
	case theme.SizeNamePadding:
		return 4
	case theme.SizeNameInnerPadding:
		return 10
	case theme.SizeNameInputRadius, theme.SizeNameSelectionRadius:
		return 8
	case theme.SizeNameScrollBar:
		return 10
	case theme.SizeNameInputBorder:
		return strokeOf(t.Mode)
	default:
		return theme.DefaultTheme().Size(n)
	}
}

// strokeOf is the width of an edge: in high contrast edges stand for fills.
func strokeOf(m Mode) float32 {
	if m == Contrast {
		return 2
	}
	return 1
}

func bold() fyne.TextStyle { return fyne.TextStyle{Bold: true} }
func mono() fyne.TextStyle { return fyne.TextStyle{Monospace: true} }
