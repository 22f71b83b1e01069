package widget

import (
	"unicode/utf8"

	"keyrite.dev/keyrite/ceremony/secret"
)

// typed is what was typed into a secret field: characters in UTF-8, in a page of
// fixed size, so that growing leaves no copies behind.
type typed struct {
	page  []byte
	bytes int
	runes int
}

// add appends a character and tells whether it fitted.
func (t *typed) add(r rune) bool {
	if t.bytes+utf8.RuneLen(r) > len(t.page) {
		return false
	}
	t.bytes += utf8.EncodeRune(t.page[t.bytes:], r)
	t.runes++
	return true
}

// cut takes the last character away.
func (t *typed) cut() {
	if t.runes == 0 {
		return
	}
	_, n := utf8.DecodeLastRune(t.page[:t.bytes])
	clear(t.page[t.bytes-n : t.bytes])
	t.bytes -= n
	t.runes--
}

func (t *typed) wipe() {
	clear(t.page)
	t.bytes, t.runes = 0, 0
}

// take copies the characters out, once, and wipes them here. The copy is in the
// Go heap, which does not move it; its new owner destroys it.
func (t *typed) take() secret.Bytes {
	s := secret.Copy(t.page[:t.bytes])
	t.wipe()
	return s
}

func (t *typed) free() {
	if t.page != nil {
		t.wipe()
		freePage(t.page)
		t.page = nil
	}
}
