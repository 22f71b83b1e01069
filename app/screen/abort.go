package screen

import (
	"fmt"
	"strings"

	"keyrite.dev/keyrite/app/widget"
	"keyrite.dev/keyrite/ceremony/secret"
)

func noSecret() secret.Bytes { return secret.Bytes{} }

// Abort asks for the word and the reason, then ends the ceremony.
func Abort(r Room) {
	why := widget.NewEntry(r.Keys, r.Words.ReasonHint)
	whyField := newField(r, r.Words.ReasonLabel, why)
	word := widget.NewEntry(r.Keys, "")
	wordField := newField(r, fmt.Sprintf(r.Words.AbortType, r.Words.AbortWord), word)
	var m *widget.Modal
	leave := func() {
		m.Close()
		r.Refocus()
	}
	abort := func() {
		if !strings.EqualFold(strings.TrimSpace(word.Text), r.Words.AbortWord) {
			wordField.say(fmt.Sprintf(r.Words.FaultWord, r.Words.AbortWord))
			return
		}
		if fault := r.Model.Abort(why.Text); fault != "" {
			wordField.say(fault)
			return
		}
		leave()
	}
	why.OnEnter, why.OnEscape = func() { r.Canvas.Focus(word) }, leave
	word.OnEnter, word.OnEscape = abort, leave
	back := widget.NewButton(widget.Secondary, r.Words.Back, leave)
	back.OnEscape = leave
	m = widget.OpenModal(r.Canvas, widget.Column(14,
		widget.BoldBlock(r.Words.AbortTitle, widget.ColorBad, widget.SizeHead),
		widget.Block(r.Words.AbortWords, widget.ColorText, widget.SizeText),
		whyField.object, wordField.object,
		actions(back, widget.NewButton(widget.Danger, r.Words.AbortDo, abort)),
	), why)
}

// A Closing is what people may choose when the window is closed too early.
type Closing struct {
	Stay, Abort, Leave func()
}

// Close explains what closing the window would do and asks. Leaving it
// unfinished is offered only when an abort is under way already.
func Close(r Room, c Closing) {
	var m *widget.Modal
	then := func(f func()) func() {
		return func() {
			m.Close()
			r.Refocus()
			f()
		}
	}
	stay := widget.NewButton(widget.Primary, r.Words.CloseStay, then(c.Stay))
	words, other := r.Words.CloseWords, widget.NewButton(widget.Secondary, r.Words.CloseAbort, then(c.Abort))
	if r.Model.Aborting() {
		words, other = r.Words.CloseLeaving, widget.NewButton(widget.Secondary, r.Words.CloseLeave, then(c.Leave))
	}
	stay.OnEscape, other.OnEscape = stay.OnTapped, stay.OnTapped
	m = widget.OpenModal(r.Canvas, widget.Column(14,
		widget.BoldBlock(r.Words.CloseTitle, widget.ColorText, widget.SizeHead),
		widget.Block(words, widget.ColorText, widget.SizeText),
		actions(other, stay),
	), stay)
}
