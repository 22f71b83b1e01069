package screen

import (
	"fmt"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"keyrite.dev/keyrite/app/viewmodel"
	"keyrite.dev/keyrite/app/widget"
)

// cardWidth caps a card: long lines are hard to read.
const cardWidth = 940

// card lays a screen out: head and body, which scroll where the window is low,
// and a foot that is always seen, with what is typed and pressed.
func card(head, body, foot fyne.CanvasObject, danger bool) (fyne.CanvasObject, *widget.Scroller) {
	scroll := widget.NewScroller(widget.Column(14, head, body))
	c := widget.NewCard(widget.Bands(widget.Gap(0), scroll.Container, widget.Column(10, widget.Gap(0), widget.Rule(), foot)))
	if danger {
		c.Edge, c.EdgeWidth = widget.ColorBad, 2
	}
	return container.New(layout.NewCustomPaddedLayout(18, 18, 20, 20), widget.AtMost(cardWidth, c)), scroll
}

// stepHead is the same for every screen of a step.
func stepHead(r Room, s viewmodel.StepCard) fyne.CanvasObject {
	if s.Number == "" {
		return widget.BoldBlock(r.Words.Product, widget.ColorText, widget.SizeTitle)
	}
	line := widget.Row(12, widget.Middle(widget.BoldLine(fmt.Sprintf(r.Words.StepNumber, s.Act, s.Number), widget.ColorPrimary, widget.SizeText)))
	if s.Irreversible {
		line.Add(widget.NewPill(r.Words.Irreversible, widget.ColorOnDanger, widget.ColorBad))
	}
	chips := widget.Wrap(10)
	for _, c := range s.Chips {
		label, fill := widget.ColorMuted, widget.ColorTintQuiet
		switch c.Tone {
		case viewmodel.Strong:
			label, fill = widget.ColorPrimary, widget.ColorTint
		case viewmodel.Warning:
			label, fill = widget.ColorWarn, widget.ColorTintWarn
		}
		chips.Add(widget.NewChip(c.Label, c.Who, label, fill))
	}
	return widget.Column(5, line, widget.BoldBlock(s.Title, widget.ColorText, widget.SizeTitle), widget.Gap(2), chips)
}

// wordsOf are the question's own words and the step's instructions: first what
// is asked now, where that is more than "is it done?".
func wordsOf(r Room, s viewmodel.StepCard, q viewmodel.Question) *fyne.Container {
	body := widget.Column(12)
	if q.Fault != "" {
		body.Add(fault(q.Fault))
	}
	asked := q.Title != "" && q.Title != s.Title
	if asked {
		body.Add(widget.BoldBlock(q.Title, widget.ColorText, widget.SizeHead))
	}
	askedFor(r, body, q)
	if len(s.Words) == 0 {
		return body
	}
	size := widget.SizeHead
	if asked || len(q.Params) > 0 {
		body.Add(widget.Caption(r.Words.ThisStep))
		size = widget.SizeText
	}
	body.Add(widget.NewNumbered(s.Words, size))
	return body
}

func askedFor(r Room, body *fyne.Container, q viewmodel.Question) {
	for _, p := range q.Detail {
		body.Add(widget.Block(p, widget.ColorText, widget.SizeText))
	}
	for _, v := range q.Show {
		body.Add(shown(r.Words.ReadAloud+" · "+v.Name, v.Groups))
	}
	if len(q.Params) > 0 {
		rows := make([][2]string, len(q.Params))
		for i, p := range q.Params {
			rows[i] = [2]string{p.Name, p.Value}
		}
		body.Add(widget.Column(6, widget.Caption(r.Words.WhatIsSigned), widget.NewTable(rows)))
	}
}

// few is how many groups are shown at the largest size.
const few = 8

func shown(caption string, groups []viewmodel.Group) fyne.CanvasObject {
	row := widget.Wrap(10)
	for _, g := range groups {
		row.Add(widget.NewGroup(g.Text, g.Words, len(groups) <= few))
	}
	return widget.Column(6, widget.Caption(caption), row)
}

func fault(text string) fyne.CanvasObject {
	return widget.NewBox(widget.ColorTintBad, widget.ColorBad, widget.BoldBlock(text, widget.ColorBad, widget.SizeText))
}

// hint shows what a rehearsal tells people that they would know otherwise.
func hint(r Room, lines []string) fyne.CanvasObject {
	words := widget.Column(2)
	for _, l := range lines {
		words.Add(widget.MonoBlock(l, widget.ColorText, widget.SizeText))
	}
	return widget.NewBox(widget.ColorTintMark, widget.ColorMarkText, widget.Column(4,
		widget.BoldLine(r.Words.OnlyHere, widget.ColorMarkText, widget.SizeSmall), words))
}

// actions puts the primary button right and what else is possible before it.
func actions(buttons ...*widget.Button) fyne.CanvasObject {
	row := widget.Row(10, layout.NewSpacer())
	for _, b := range buttons {
		if b.Kind == widget.Primary || b.Kind == widget.Danger {
			row.Add(widget.Sized(primaryWidth, 0, b))
			continue
		}
		row.Add(b)
	}
	return row
}

const primaryWidth = 140

// countdown shows the time left until a deadline.
func countdown(r Room, deadline time.Time) (fyne.CanvasObject, func(time.Time)) {
	line := widget.BoldLine("", widget.ColorWarn, widget.SizeText)
	tick := func(now time.Time) {
		left := deadline.Sub(now).Round(time.Second)
		if left <= 0 {
			line.Set(r.Words.DeadlineOver)
			return
		}
		line.Set(fmt.Sprintf(r.Words.Deadline, clock(left), deadline.UTC().Format("15:04")))
	}
	tick(time.Now())
	return widget.NewBox(widget.ColorTintWarn, widget.ColorWarn, line), tick
}

// clock writes a time left as 3:07:09.
func clock(d time.Duration) string {
	s := int(d.Seconds())
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}
