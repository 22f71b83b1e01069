package app

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"keyrite.dev/keyrite/app/viewmodel"
	"keyrite.dev/keyrite/app/widget"
)

// paneLines is how many lines of the transcript are shown; the rest is on disk.
const paneLines = 120

// A pane is the live transcript.
type pane struct {
	words   viewmodel.Messages
	choice  widget.PaneChoice
	object  *fyne.Container
	rows    *fyne.Container
	scroll  *widget.Scroller
	covered *fyne.Container
	count   *widget.Text
	earlier *widget.Text
	chain   *fyne.Container
	shown   int // lines taken from the model so far
}

func newPane(words viewmodel.Messages) *pane {
	p := &pane{words: words, rows: widget.Column(0), chain: container.NewStack()}
	p.count = widget.Line("", widget.ColorMuted, widget.SizeSmall)
	p.earlier = widget.Block("", widget.ColorMuted, widget.SizeSmall)
	p.earlier.Hide()
	p.covered = container.NewPadded(widget.Middle(widget.BoldBlock(words.TranscriptCovered, widget.ColorMuted, widget.SizeText)))
	p.covered.Hide()
	p.scroll = widget.NewScroller(widget.Column(6, p.earlier, p.rows))
	head := widget.Column(8, widget.Ends(widget.BoldLine(words.Transcript, widget.ColorText, widget.SizeHead), p.count), widget.Rule())
	body := widget.NewSurface(widget.ColorCard, 16, 14, 0, widget.Bands(head,
		container.NewStack(p.scroll.Container, p.covered), widget.Column(0, widget.Gap(10), p.chain)))
	edge := widget.NewSurface(widget.ColorCardEdge, 0, 0, 0, nil)
	p.object = container.NewStack(edge, container.New(inset{left: 1}, body))
	p.clear()
	return p
}

// inset leaves a line's width free at the left.
type inset struct{ left float32 }

func (l inset) Layout(o []fyne.CanvasObject, size fyne.Size) {
	o[0].Move(fyne.NewPos(l.left, 0))
	o[0].Resize(size.SubtractWidthHeight(l.left, 0))
}

func (l inset) MinSize(o []fyne.CanvasObject) fyne.Size { return o[0].MinSize() }

func (p *pane) clear() {
	p.shown = 0
	p.rows.Objects = []fyne.CanvasObject{widget.Column(0, widget.Gap(8), widget.Block(p.words.TranscriptEmpty, widget.ColorMuted, widget.SizeText))}
	p.count.Set("")
	p.chain.Objects = nil
	p.earlier.Hide()
	p.object.Refresh()
}

// renew draws every line anew.
func (p *pane) renew(m *viewmodel.Ceremony) {
	p.clear()
	p.update(m)
}

// update adds the lines that are new.
func (p *pane) update(m *viewmodel.Ceremony) {
	lines := m.Lines()
	if len(lines) == 0 {
		return
	}
	if p.shown == 0 {
		p.rows.Objects = nil
	}
	for _, l := range lines[max(p.shown, len(lines)-paneLines):] {
		p.rows.Add(p.line(l))
	}
	p.shown = len(lines)
	if over := len(p.rows.Objects) - paneLines; over > 0 {
		p.rows.Objects = p.rows.Objects[over:]
	}
	if over := len(lines) - len(p.rows.Objects); over > 0 {
		p.earlier.Set(fmt.Sprintf(p.words.TranscriptEarlier, over))
		p.earlier.Show()
	}
	p.count.Set(fmt.Sprintf(p.words.LinesOnDisk, len(lines)))
	p.chain.Objects = []fyne.CanvasObject{p.status(m)}
	p.object.Refresh()
	p.scroll.ToEnd()
}

func (p *pane) line(l viewmodel.Line) fyne.CanvasObject {
	c := widget.ColorPrimary
	if l.Bad {
		c = widget.ColorBad
	}
	head := widget.Ends(
		widget.BoldLine(l.Kind, c, widget.SizeSmall),
		widget.MonoLine(fmt.Sprintf("%d  %s", l.Seq, l.Time), widget.ColorMuted, widget.SizeSmall))
	words := widget.Block(l.Words(), widget.ColorText, widget.SizeSmall)
	return widget.Column(2, widget.Gap(5), head, words, widget.Gap(4), widget.Rule())
}

// status says what is known of the chain here: that no line was skipped.
func (p *pane) status(m *viewmodel.Ceremony) fyne.CanvasObject {
	words, c, fill := "✓ "+p.words.ChainInOrder, widget.ColorGood, widget.ColorTintGood
	if !m.InOrder() {
		words, c, fill = "✗ "+p.words.ChainGap, widget.ColorBad, widget.ColorTintBad
	}
	return widget.NewBox(fill, c, widget.Column(3, widget.BoldLine(words, c, widget.SizeSmall),
		widget.MonoLine(fmt.Sprintf(p.words.HeadShort, shortHead(m.Head())), widget.ColorMuted, widget.SizeSmall)))
}

// shortHead is the beginning of a head, enough to see that it changes.
func shortHead(head string) string {
	var groups []string
	for i := 0; i+4 <= len(head) && i < 16; i += 4 {
		groups = append(groups, head[i:i+4])
	}
	return strings.Join(groups, " ") + " …"
}

// cover hides the lines while somebody types what they may hold.
func (p *pane) cover(on bool) {
	if p.covered.Hidden != on {
		return
	}
	p.covered.Hidden = !on
	p.scroll.Container.Hidden = on
	p.object.Refresh()
}
