// Package assets holds what the program carries inside itself: the icon and the
// words that people read.
package assets

import _ "embed"

// Icon is the program's icon, PNG, 256 × 256.
//
//go:embed icon.png
var Icon []byte

// English holds every word that a person reads in the window, as the JSON of
// viewmodel.Messages. Another language is another file of the same shape.
//
//go:embed translations/en.json
var English []byte
