package screen

import (
	"fyne.io/fyne/v2"

	"keyrite.dev/keyrite/app/viewmodel"
	"keyrite.dev/keyrite/app/widget"
	"keyrite.dev/keyrite/ceremony"
)

// question picks the screen for the kind of answer that is wanted.
func question(r Room) Screen {
	q := r.Model.Question()
	switch q.Kind {
	case ceremony.AskApproval:
		return approval(r, q)
	case ceremony.AskSignature:
		return signature(r, q)
	case ceremony.AskSecret:
		return secretPart(r, q)
	case ceremony.AskText:
		return text(r, q)
	case ceremony.AskStatement:
		return statement(r, q)
	default:
		return confirm(r, q)
	}
}

// assemble makes the screen of a step from its foot.
func assemble(r Room, q viewmodel.Question, foot *fyne.Container) Screen {
	c := r.Model.Card()
	body := wordsOf(r, c, q)
	var s Screen
	if !q.Deadline.IsZero() {
		var box fyne.CanvasObject
		box, s.Tick = countdown(r, q.Deadline)
		body.Add(box)
	}
	if len(q.Hint) > 0 {
		foot.Objects = append([]fyne.CanvasObject{hint(r, q.Hint)}, foot.Objects...)
	}
	s.Object, s.Scroll = card(stepHead(r, c), body, foot, c.Irreversible)
	return s
}

// primaryKind marks what cannot be undone.
func primaryKind(r Room) widget.ButtonKind {
	if r.Model.Card().Irreversible {
		return widget.Danger
	}
	return widget.Primary
}

// A field is one thing to type, with its caption and a place for its fault.
type field struct {
	object   fyne.CanvasObject
	fault    *widget.Text
	relayout func()
}

// newField makes a field, with its buttons beside it if there are any.
func newField(r Room, caption string, entry fyne.CanvasObject, buttons ...*widget.Button) field {
	if len(buttons) > 0 {
		entry = widget.Ends(entry, actions(buttons...))
	}
	f := field{relayout: r.Relayout, fault: widget.BoldBlock("", widget.ColorBad, widget.SizeText)}
	f.fault.Hide()
	f.object = widget.Column(5, widget.Caption(caption), entry, f.fault)
	return f
}

// say shows a fault below the field; "" takes it away.
func (f field) say(text string) {
	if f.fault.String() == text {
		return
	}
	f.fault.Set(text)
	f.fault.Hidden = text == ""
	f.object.Refresh()
	f.relayout()
}

// newSecret makes a field for a secret. Without memory for it there is no screen
// to show, so the fault stands where the field would.
func newSecret(r Room, caption string, buttons ...*widget.Button) (*widget.SecretEntry, field) {
	e, err := widget.NewSecretEntry(r.Keys, widget.SecretWords{
		Empty: r.Words.SecretEmpty, Count: r.Words.SecretCount, NoPaste: r.Words.SecretNoPaste, Full: r.Words.SecretFull,
	})
	f := newField(r, caption, e, buttons...)
	if err != nil {
		f.say(err.Error())
	}
	e.OnNotice = f.say
	return e, f
}
