// Package viewmodel holds what the window shows and does, without a toolkit:
// screens are drawn from it and call it, and tests drive it as a person would.
//
// All methods but Show and Ask belong to one goroutine, the window's. Show and
// Ask are called by the run and hop over with Post, so there is no mutex and no
// state that two goroutines share.
package viewmodel

import (
	"context"
	"runtime"

	"keyrite.dev/keyrite/ceremony"
)

// A Change says which part of the window is out of date.
type Change int

const (
	// ScreenChanged means another screen, or the same kind with other content.
	ScreenChanged Change = iota
	// StepsChanged means that the rail of steps is out of date.
	StepsChanged
	// LineAdded means that the transcript grew by one line.
	LineAdded
	// ProgressChanged means that long work got further.
	ProgressChanged
)

// A ScreenKind is what stands in the middle of the window.
type ScreenKind int

const (
	// ScreenWorking is for the time in which nobody is asked anything.
	ScreenWorking ScreenKind = iota
	// ScreenNote asks the room to note the journal's head on paper.
	ScreenNote
	// ScreenQuestion asks somebody something.
	ScreenQuestion
	// ScreenDone ends it.
	ScreenDone
)

// waiting is one question and the way back to the run that waits for its answer.
type waiting struct {
	question ceremony.Question
	answer   chan ceremony.Answer // room for one, so that answering never blocks
}

// Ceremony is one run as the room sees it. It is the run's Prompter.
type Ceremony struct {
	words Messages
	post  func(func())
	tell  func(Change)

	serial   int // counts screens, so that the window knows one from the next
	acts     []Act
	current  *Step
	lines    []Line
	ordered  bool // no line number was skipped so far
	head     string
	progress *ceremony.Progress
	notes    []Note
	noting   bool // the first of them is on the screen
	waiting  *waiting
	approved []string
	names    map[string]string // by roster id, as far as questions told them
	aborting string            // a reason that waits for the next question
	aborted  bool
	outcome  *Outcome

	used bool // a secret was handed over; the run's goroutine alone looks at it
}

// NewCeremony returns a ceremony that has not begun. post runs a func on the
// window's goroutine, in order, and returns at once; tell is called there after
// each change.
func NewCeremony(words Messages, post func(func()), tell func(Change)) *Ceremony {
	return &Ceremony{words: words, post: post, tell: tell, ordered: true, names: map[string]string{}}
}

// Show takes a notice from the run.
func (c *Ceremony) Show(_ context.Context, n ceremony.Notice) {
	if n.Done != nil {
		c.sweep()
	}
	c.post(func() { c.take(n) })
}

// Ask shows a question and waits for its answer, or for the end of ctx.
func (c *Ceremony) Ask(ctx context.Context, q ceremony.Question) (ceremony.Answer, error) {
	c.sweep()
	w := &waiting{question: q, answer: make(chan ceremony.Answer, 1)}
	c.post(func() { c.ask(w) })
	select {
	case a := <-w.answer:
		c.used = a.Secret.Len() > 0
		return a, nil
	case <-ctx.Done():
		c.post(func() { c.withdraw(w) })
		return ceremony.Answer{}, ctx.Err()
	}
}

// sweep collects what the use of the last secret left in the heap. The runtime
// erases what was allocated under secret.Do when it is collected, and nothing
// says when that would be: a window in which people think allocates next to
// nothing. It takes some milliseconds, on the run's goroutine.
func (c *Ceremony) sweep() {
	if c.used {
		c.used = false
		runtime.GC()
	}
}

func (c *Ceremony) ask(w *waiting) {
	c.learnNames(w.question)
	c.progress = nil
	if c.aborting != "" {
		w.answer <- ceremony.Answer{Abort: true, Reason: c.aborting}
		c.aborting, c.aborted = "", true
		return
	}
	c.waiting = w
	c.newScreen()
}

// withdraw forgets a question whose run has ended, and wipes an answer that
// crossed the end on its way.
func (c *Ceremony) withdraw(w *waiting) {
	select {
	case a := <-w.answer:
		a.Secret.Destroy()
	default:
	}
	if c.waiting == w {
		c.waiting = nil
		c.newScreen()
	}
}

// newScreen tells of another screen. A head that people are writing down stays
// as it is, whatever happens behind it.
func (c *Ceremony) newScreen() {
	if len(c.notes) > 0 && c.noting {
		return
	}
	c.noting = len(c.notes) > 0
	c.serial++
	c.tell(ScreenChanged)
}

// Screen is what stands in the middle now.
func (c *Ceremony) Screen() ScreenKind {
	switch {
	case len(c.notes) > 0:
		return ScreenNote
	case c.outcome != nil:
		return ScreenDone
	case c.waiting != nil:
		return ScreenQuestion
	default:
		return ScreenWorking
	}
}

// Serial is another number for every screen.
func (c *Ceremony) Serial() int { return c.serial }

// Progress is how far long work is; nil when none was told.
func (c *Ceremony) Progress() *ceremony.Progress { return c.progress }

// Note is the oldest head that was not noted on paper yet.
func (c *Ceremony) Note() Note { return c.notes[0] }

// Noted takes the oldest head away: the people have it on paper.
func (c *Ceremony) Noted() {
	if len(c.notes) == 0 {
		return
	}
	c.notes, c.noting = c.notes[1:], false
	c.newScreen()
}

// Outcome is how it ended; nil until then.
func (c *Ceremony) Outcome() *Outcome { return c.outcome }

// Finish ends the ceremony for the room. failure is the run's error in words,
// "" for none. It is called on the window's goroutine.
func (c *Ceremony) Finish(summary []SummaryLine, failure string) {
	if c.outcome == nil {
		c.outcome = &Outcome{}
	}
	c.outcome.Summary, c.outcome.Failure, c.outcome.Final = summary, failure, true
	c.waiting = nil
	c.newScreen()
}

// Running tells whether closing the window would interrupt something.
func (c *Ceremony) Running() bool { return c.outcome == nil || !c.outcome.Final }
