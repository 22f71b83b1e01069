package app

import (
	"encoding/json"
	"image"
	"image/color"
	"io"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"keyrite.dev/keyrite/app/viewmodel"
	"keyrite.dev/keyrite/ceremony"
)

// A tracer writes a JSON line for every screen, so that a test outside the
// program knows when it may press a key. It writes what the screen shows, and
// nothing that was typed.
type tracer struct {
	to   io.Writer // nil for no trace
	dot  *canvas.Raster
	seen bool // the first frame was reported
	last int  // serial of the screen that was traced last
}

// A traceLine is one line of the trace; scripts/e2e describes it.
type traceLine struct {
	Event  string   `json:"event"` // "frame", "painted", "home", "working", "note", "question", "done", "final"
	Millis int64    `json:"millis"`
	Serial int      `json:"serial,omitempty"`
	Step   string   `json:"step,omitempty"`
	Kind   int      `json:"kind,omitempty"` // ceremony.QuestionKind
	Title  string   `json:"title,omitempty"`
	Person string   `json:"person,omitempty"`
	Field  string   `json:"field,omitempty"`
	Hint   []string `json:"hint,omitempty"`
	Shown  []string `json:"shown,omitempty"`
	Choice []string `json:"choice,omitempty"`
	Fault  string   `json:"fault,omitempty"`
}

func (t *tracer) write(l traceLine) {
	if t.to == nil {
		return
	}
	l.Millis = time.Now().UnixMilli()
	line, err := json.Marshal(l)
	if err != nil {
		return
	}
	_, _ = t.to.Write(append(line, '\n')) // a trace that cannot be written ends the test, not the ceremony
}

// paintHook is a dot whose pixels are asked for when the window is painted.
func (t *tracer) paintHook() []fyne.CanvasObject {
	if t.to == nil {
		return nil
	}
	t.dot = canvas.NewRaster(func(int, int) image.Image {
		event := "painted"
		if !t.seen {
			t.seen, event = true, "frame"
		}
		t.write(traceLine{Event: event, Serial: t.last})
		return image.NewUniform(color.Transparent)
	})
	return []fyne.CanvasObject{t.dot}
}

func (t *tracer) screen(m *viewmodel.Ceremony) {
	switch {
	case t.to == nil:
	case m == nil:
		t.write(traceLine{Event: "home"})
	default:
		l := lineOf(m)
		t.last = l.Serial
		t.write(l)
	}
	if t.dot != nil {
		t.dot.Refresh()
	}
}

func lineOf(m *viewmodel.Ceremony) traceLine {
	l := traceLine{Serial: m.Serial()}
	switch m.Screen() {
	case viewmodel.ScreenNote:
		l.Event = "note"
	case viewmodel.ScreenDone:
		l.Event = "done"
		if o := m.Outcome(); o.Final {
			l.Event, l.Title, l.Fault = "final", o.Outcome, o.Failure
		}
	case viewmodel.ScreenWorking:
		l.Event = "working"
	case viewmodel.ScreenQuestion:
		q := m.Question()
		l.Event, l.Step, l.Kind, l.Title, l.Person = "question", m.Card().Number, int(q.Kind), q.Title, q.Person
		l.Field, l.Hint, l.Fault = q.Field, q.Hint, q.Fault
		for _, s := range q.Show {
			l.Shown = append(l.Shown, plain(s))
		}
		if q.Kind == ceremony.AskApproval {
			for _, c := range q.Candidates {
				l.Choice = append(l.Choice, c.Name)
			}
		}
	}
	return l
}

func plain(s viewmodel.Shown) string {
	var out strings.Builder
	for _, g := range s.Groups {
		out.WriteString(g.Text)
	}
	return out.String()
}
