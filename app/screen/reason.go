package screen

import (
	"keyrite.dev/keyrite/app/widget"
)

// reason asks for the reason of a no, and for the passphrase where the no is
// signed. person is who refuses an approval.
func reason(r Room, title, person string) {
	why := widget.NewEntry(r.Keys, r.Words.ReasonHint)
	whyField := newField(r, r.Words.ReasonLabel, why)
	content := widget.Column(14, widget.BoldBlock(title, widget.ColorText, widget.SizeHead), whyField.object)
	var m *widget.Modal
	var pass *widget.SecretEntry
	last := whyField
	if r.Model.SignsRefusal() {
		pass, last = newSecret(r, r.Words.FieldPassphrase)
		content.Add(last.object)
	}
	leave := func() {
		if pass != nil {
			pass.Free()
		}
		m.Close()
		r.Refocus()
	}
	refuse := func() {
		if fault := refuseWith(r, person, why.Text, pass); fault != "" {
			last.say(fault)
			return
		}
		leave()
	}
	why.OnEnter, why.OnEscape = refuse, leave
	if pass != nil {
		why.OnEnter = func() { r.Canvas.Focus(pass) }
		pass.OnEnter, pass.OnEscape = refuse, leave
	}
	back := widget.NewButton(widget.Secondary, r.Words.Back, leave)
	back.OnEscape = leave
	content.Add(actions(back, widget.NewButton(widget.Danger, title, refuse)))
	m = widget.OpenModal(r.Canvas, content, why)
}

func refuseWith(r Room, person, why string, pass *widget.SecretEntry) string {
	if pass == nil {
		return r.Model.Refuse(person, why, noSecret())
	}
	return r.Model.Refuse(person, why, pass.Take())
}
