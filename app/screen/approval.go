package screen

import (
	"fmt"
	"strings"

	"keyrite.dev/keyrite/app/viewmodel"
	"keyrite.dev/keyrite/app/widget"
)

// approval: one custodian chooses himself, reads what is approved, and unlocks
// the own credential while the others look away.
func approval(r Room, q viewmodel.Question) Screen {
	entry, pass := newSecret(r, r.Words.FieldPassphrase)
	choices := make([]widget.Choice, len(q.Candidates))
	for i, m := range q.Candidates {
		choices[i] = widget.Choice{ID: m.ID, Text: m.Name}
	}
	who := widget.NewChooser(choices, func(string) {
		pass.say("")
		r.Canvas.Focus(entry)
	})
	approve := func() { pass.say(r.Model.Approve(who.Chosen(), entry.Take())) }
	entry.OnEnter = approve
	refuse := func() {
		entry.Wipe()
		if who.Chosen() == "" {
			pass.say(r.Words.FaultChoose)
			r.Canvas.Focus(who)
			return
		}
		reason(r, r.Words.ReasonRefuse, who.Chosen())
	}
	s := assemble(r, q, widget.Column(10,
		widget.Column(5, widget.Ends(widget.Caption(r.Words.WhoApproves), approved(r, q)), who),
		pass.object,
		actions(widget.NewButton(widget.Secondary, r.Words.Refuse, refuse), widget.NewButton(primaryKind(r), r.Words.Approve, approve)),
	))
	s.First, s.Refuse, s.Leave = who, refuse, entry.Free
	return s
}

func approved(r Room, q viewmodel.Question) *widget.Text {
	if len(q.Approved) == 0 {
		return widget.Line(r.Words.ApprovedByNobody, widget.ColorMuted, widget.SizeSmall)
	}
	return widget.BoldLine("✓ "+fmt.Sprintf(r.Words.ApprovedBy, strings.Join(q.Approved, ", ")), widget.ColorGood, widget.SizeSmall)
}
