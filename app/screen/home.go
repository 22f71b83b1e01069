package screen

import (
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"keyrite.dev/keyrite/app/viewmodel"
	"keyrite.dev/keyrite/app/widget"
)

// Home is what a person sees who opened the program. start is given the folder.
func Home(r Room, h viewmodel.Home, start func(folder string)) Screen {
	folder := widget.NewEntry(r.Keys, "")
	folder.SetText(h.Folder)
	where := newField(r, r.Words.HomeFolder, folder)
	begin := func() {
		if fault := h.Check(folder.Text); fault != "" {
			where.say(fault)
			r.Canvas.Focus(folder)
			return
		}
		start(folder.Text)
	}
	folder.OnEnter = begin
	begins := widget.NewButton(widget.Primary, r.Words.HomeStart, begin)
	body := widget.Column(16,
		widget.Row(0, widget.NewPill(r.Words.HomeRehearse, widget.ColorOnMark, widget.ColorRehearsal)),
		widget.BoldBlock(r.Words.HomeTitle, widget.ColorText, widget.SizeTitle),
		widget.Block(r.Words.HomeWords, widget.ColorText, widget.SizeText),
		widget.NewNumbered(r.Words.HomeSteps, widget.SizeText),
		widget.NewTable([][2]string{{r.Words.HomePlan, h.Plan}, {r.Words.HomeToken, h.Token}}),
		where.object,
		actions(begins),
	)
	c := widget.NewCard(body)
	c.PadX, c.PadY = 34, 30
	object := container.New(layout.NewCustomPaddedLayout(24, 24, 24, 24), widget.AtMost(homeWidth, widget.Middle(c)))
	return Screen{Object: object, First: begins}
}

const homeWidth = 720
