package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Colour names of our own; a theme is asked for any name.
const (
	ColorCard       fyne.ThemeColorName = "card"
	ColorCardEdge   fyne.ThemeColorName = "cardEdge"
	ColorMuted      fyne.ThemeColorName = "muted"
	ColorRail       fyne.ThemeColorName = "rail"
	ColorRailText   fyne.ThemeColorName = "railText"
	ColorRailMuted  fyne.ThemeColorName = "railMuted"
	ColorRailOn     fyne.ThemeColorName = "railOn"
	ColorRailDone   fyne.ThemeColorName = "railDone"
	ColorRailFailed fyne.ThemeColorName = "railFailed"
	ColorBar        fyne.ThemeColorName = "bar"
	ColorTint       fyne.ThemeColorName = "tint" // a soft fill of the accent
	ColorTintWarn   fyne.ThemeColorName = "tintWarn"
	ColorTintBad    fyne.ThemeColorName = "tintBad"
	ColorTintGood   fyne.ThemeColorName = "tintGood"
	ColorTintQuiet  fyne.ThemeColorName = "tintQuiet"
	ColorRehearsal  fyne.ThemeColorName = "rehearsal" // the frame, and what only a rehearsal shows
	ColorOnMark     fyne.ThemeColorName = "onMark"    // text on that frame
	ColorTintMark   fyne.ThemeColorName = "tintMark"
	ColorMarkText   fyne.ThemeColorName = "markText"
	ColorRing       fyne.ThemeColorName = "ring"     // round what has the focus
	ColorRingDark   fyne.ThemeColorName = "ringDark" // the same on the dark bar
	ColorDim        fyne.ThemeColorName = "dim"      // over the window, behind a dialog
	ColorOnDanger   fyne.ThemeColorName = "onDanger"

	ColorText    = theme.ColorNameForeground
	ColorPrimary = theme.ColorNamePrimary
	ColorGood    = theme.ColorNameSuccess
	ColorWarn    = theme.ColorNameWarning
	ColorBad     = theme.ColorNameError
)

type palette map[fyne.ThemeColorName]color.Color

func rgb(v uint32) color.Color {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xff}
}

func rgba(v uint32, a uint8) color.Color {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: a}
}

func paletteOf(m Mode) palette {
	switch m {
	case Dark:
		return darkPalette
	case Contrast:
		return contrastPalette
	default:
		return lightPalette
	}
}

// The palettes are written once and never changed.
var (
	lightPalette = palette{
		theme.ColorNameBackground: rgb(0xEDF1F4), theme.ColorNameForeground: rgb(0x14212B),
		theme.ColorNamePrimary: rgb(0x0B6670), theme.ColorNameForegroundOnPrimary: rgb(0xFFFFFF),
		theme.ColorNameButton: rgb(0xE3E9ED), theme.ColorNameDisabledButton: rgb(0xE9EDF0),
		theme.ColorNameDisabled: rgb(0x8493A0), theme.ColorNamePlaceHolder: rgb(0x5A6B78),
		theme.ColorNameInputBackground: rgb(0xFFFFFF), theme.ColorNameInputBorder: rgb(0x7C8D9A),
		theme.ColorNameSeparator: rgb(0xD5DDE3), theme.ColorNameFocus: rgba(0x0B6670, 0x55),
		theme.ColorNameHover: rgba(0x0B6670, 0x14), theme.ColorNamePressed: rgba(0x0B6670, 0x33),
		theme.ColorNameSelection: rgba(0x0B6670, 0x33), theme.ColorNameHeaderBackground: rgb(0xE9EEF1),
		theme.ColorNameSuccess: rgb(0x1B7444), theme.ColorNameWarning: rgb(0x8A4B00), theme.ColorNameError: rgb(0xB3261E),
		theme.ColorNameShadow: rgba(0x0B2233, 0x2a), theme.ColorNameScrollBar: rgba(0x14212B, 0x66),
		theme.ColorNameOverlayBackground: rgb(0xFFFFFF), theme.ColorNameMenuBackground: rgb(0xFFFFFF),
		ColorCard: rgb(0xFFFFFF), ColorCardEdge: rgb(0xD5DDE3), ColorMuted: rgb(0x52636F),
		ColorRail: rgb(0x0E2433), ColorRailText: rgb(0xEAF1F5), ColorRailMuted: rgb(0x9DB2C1), ColorRailOn: rgb(0x1D425A),
		ColorRailDone: rgb(0x5FD0A0), ColorRailFailed: rgb(0xFF9A90), ColorBar: rgb(0x0A1B27),
		ColorTint: rgb(0xE2F1F2), ColorTintWarn: rgb(0xFDF0DC), ColorTintBad: rgb(0xFCE8E6), ColorTintGood: rgb(0xE3F4EA), ColorTintQuiet: rgb(0xEDF1F4),
		ColorRehearsal: rgb(0x7B3FC4), ColorOnMark: rgb(0xFFFFFF), ColorTintMark: rgb(0xF1E9FB), ColorMarkText: rgb(0x5C2A9B),
		ColorRing: rgb(0x0B6670), ColorRingDark: rgb(0xF2F7FA), ColorDim: rgba(0x0A1B27, 0x99), ColorOnDanger: rgb(0xFFFFFF),
	}
	darkPalette = palette{
		theme.ColorNameBackground: rgb(0x0F161C), theme.ColorNameForeground: rgb(0xE9EFF3),
		theme.ColorNamePrimary: rgb(0x4CC3C9), theme.ColorNameForegroundOnPrimary: rgb(0x04282B),
		theme.ColorNameButton: rgb(0x273540), theme.ColorNameDisabledButton: rgb(0x1C2731),
		theme.ColorNameDisabled: rgb(0x6B7F8F), theme.ColorNamePlaceHolder: rgb(0x8FA3B1),
		theme.ColorNameInputBackground: rgb(0x111A21), theme.ColorNameInputBorder: rgb(0x617686),
		theme.ColorNameSeparator: rgb(0x2B3945), theme.ColorNameFocus: rgba(0x4CC3C9, 0x66),
		theme.ColorNameHover: rgba(0xFFFFFF, 0x12), theme.ColorNamePressed: rgba(0xFFFFFF, 0x33),
		theme.ColorNameSelection: rgba(0x4CC3C9, 0x44), theme.ColorNameHeaderBackground: rgb(0x1F2B35),
		theme.ColorNameSuccess: rgb(0x5FD08C), theme.ColorNameWarning: rgb(0xF2B45A), theme.ColorNameError: rgb(0xFF8A80),
		theme.ColorNameShadow: rgba(0x000000, 0x88), theme.ColorNameScrollBar: rgba(0xFFFFFF, 0x77),
		theme.ColorNameOverlayBackground: rgb(0x1A252E), theme.ColorNameMenuBackground: rgb(0x1A252E),
		ColorCard: rgb(0x18222B), ColorCardEdge: rgb(0x2B3945), ColorMuted: rgb(0xA3B5C2),
		ColorRail: rgb(0x0B1924), ColorRailText: rgb(0xE9EFF3), ColorRailMuted: rgb(0x8FA4B3), ColorRailOn: rgb(0x1B3648),
		ColorRailDone: rgb(0x5FD0A0), ColorRailFailed: rgb(0xFF9A90), ColorBar: rgb(0x07121A),
		ColorTint: rgb(0x15303A), ColorTintWarn: rgb(0x35280F), ColorTintBad: rgb(0x3A1A18), ColorTintGood: rgb(0x14301F), ColorTintQuiet: rgb(0x1F2B35),
		ColorRehearsal: rgb(0x8E54D6), ColorOnMark: rgb(0xFFFFFF), ColorTintMark: rgb(0x2A1D3D), ColorMarkText: rgb(0xC9A6F5),
		ColorRing: rgb(0x4CC3C9), ColorRingDark: rgb(0xE9EFF3), ColorDim: rgba(0x000000, 0xAA), ColorOnDanger: rgb(0x3A0906),
	}
	contrastPalette = palette{
		theme.ColorNameBackground: rgb(0x000000), theme.ColorNameForeground: rgb(0xFFFFFF),
		theme.ColorNamePrimary: rgb(0xFFD400), theme.ColorNameForegroundOnPrimary: rgb(0x000000),
		theme.ColorNameButton: rgb(0x262626), theme.ColorNameDisabledButton: rgb(0x111111),
		theme.ColorNameDisabled: rgb(0xA0A0A0), theme.ColorNamePlaceHolder: rgb(0xD0D0D0),
		theme.ColorNameInputBackground: rgb(0x000000), theme.ColorNameInputBorder: rgb(0xFFFFFF),
		theme.ColorNameSeparator: rgb(0xFFFFFF), theme.ColorNameFocus: rgba(0xFFD400, 0x88),
		theme.ColorNameHover: rgba(0xFFFFFF, 0x22), theme.ColorNamePressed: rgba(0xFFFFFF, 0x44),
		theme.ColorNameSelection: rgba(0xFFD400, 0x66), theme.ColorNameHeaderBackground: rgb(0x1A1A1A),
		theme.ColorNameSuccess: rgb(0x5CFF8A), theme.ColorNameWarning: rgb(0xFFB347), theme.ColorNameError: rgb(0xFF8080),
		theme.ColorNameShadow: rgba(0, 0), theme.ColorNameScrollBar: rgb(0xFFFFFF),
		theme.ColorNameOverlayBackground: rgb(0x000000), theme.ColorNameMenuBackground: rgb(0x000000),
		ColorCard: rgb(0x000000), ColorCardEdge: rgb(0xFFFFFF), ColorMuted: rgb(0xE0E0E0),
		ColorRail: rgb(0x000000), ColorRailText: rgb(0xFFFFFF), ColorRailMuted: rgb(0xD0D0D0), ColorRailOn: rgb(0x3D3800),
		ColorRailDone: rgb(0x5CFF8A), ColorRailFailed: rgb(0xFF8080), ColorBar: rgb(0x000000),
		ColorTint: rgb(0x1A1A1A), ColorTintWarn: rgb(0x2E1F00), ColorTintBad: rgb(0x330000), ColorTintGood: rgb(0x002B0E), ColorTintQuiet: rgb(0x141414),
		ColorRehearsal: rgb(0xD08CFF), ColorOnMark: rgb(0x000000), ColorTintMark: rgb(0x1E0033), ColorMarkText: rgb(0xE2B8FF),
		ColorRing: rgb(0xFFD400), ColorRingDark: rgb(0xFFD400), ColorDim: rgba(0x000000, 0xCC), ColorOnDanger: rgb(0x000000),
	}
)
