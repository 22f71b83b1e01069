package screen

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"keyrite.dev/keyrite/app/viewmodel"
	"keyrite.dev/keyrite/app/widget"
)

// approval: one custodian chooses himself, then, having read what is approved,
// unlocks the own credential while the others look away.
func approval(r Room, q viewmodel.Question) Screen {
	a := &approvalFoot{r: r, q: q, part: container.NewStack()}
	a.approve = widget.NewButton(primaryKind(r), r.Words.Approve, a.send)
	a.refuse = widget.NewButton(widget.Secondary, r.Words.Refuse, a.refuseIt)
	a.entry, a.pass = newSecret(r, r.Words.FieldPassphrase, a.refuse, a.approve)
	a.entry.OnEnter, a.entry.OnEscape = a.send, a.ask
	choices := make([]widget.Choice, len(q.Candidates))
	for i, m := range q.Candidates {
		choices[i] = widget.Choice{ID: m.ID, Text: m.Name}
	}
	a.who = widget.NewChooser(choices, func(string) { a.unlock() })
	q.Hint = nil // shown with the person's own passphrase, below
	s := assemble(r, q, widget.Column(0, a.part))
	a.ask()
	s.First, s.Refuse, s.Leave = a.who, a.refuseIt, a.entry.Free
	return s
}

// An approvalFoot asks who, then for that person's passphrase.
type approvalFoot struct {
	r               Room
	q               viewmodel.Question
	part            *fyne.Container
	who             *widget.Chooser
	entry           *widget.SecretEntry
	pass            field
	approve, refuse *widget.Button
}

func (a *approvalFoot) put(o fyne.CanvasObject, focus fyne.Focusable) {
	a.part.Objects = []fyne.CanvasObject{o}
	a.part.Refresh()
	a.r.Relayout()
	a.r.Canvas.Focus(focus)
}

func (a *approvalFoot) ask() {
	a.pass.say("")
	a.put(widget.Column(8, widget.Ends(widget.Caption(a.r.Words.WhoApproves), a.approved()),
		a.who, widget.Line(a.r.Words.ChooseFirst, widget.ColorMuted, widget.SizeSmall)), a.who)
}

func (a *approvalFoot) unlock() {
	m := a.chosen()
	foot := widget.Column(10)
	if h := a.q.HintFor(m); len(h) > 0 {
		foot.Add(hint(a.r, h))
	}
	change := widget.NewButton(widget.Small, a.r.Words.ChooseAgain, a.ask)
	foot.Add(widget.Ends(widget.Row(10, widget.Middle(widget.BoldLine("✓ "+m, widget.ColorPrimary, widget.SizeHead)), change), a.approved()))
	foot.Add(a.pass.object)
	a.put(foot, a.entry)
}

// chosen is the name of who was chosen.
func (a *approvalFoot) chosen() string {
	for _, m := range a.q.Candidates {
		if m.ID == a.who.Chosen() {
			return m.Name
		}
	}
	return ""
}

func (a *approvalFoot) send() { a.pass.say(a.r.Model.Approve(a.who.Chosen(), a.entry.Take())) }

func (a *approvalFoot) refuseIt() {
	a.entry.Wipe()
	if a.who.Chosen() == "" {
		a.r.Canvas.Focus(a.who)
		return
	}
	reason(a.r, a.r.Words.ReasonRefuse, a.who.Chosen())
}

func (a *approvalFoot) approved() *widget.Text {
	if len(a.q.Approved) == 0 {
		return widget.Line(a.r.Words.ApprovedByNobody, widget.ColorMuted, widget.SizeSmall)
	}
	return widget.BoldLine("✓ "+fmt.Sprintf(a.r.Words.ApprovedBy, strings.Join(a.q.Approved, ", ")), widget.ColorGood, widget.SizeSmall)
}
