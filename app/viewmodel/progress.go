package viewmodel

import (
	"fmt"

	"keyrite.dev/keyrite/ceremony"
)

// Acts are the script's acts, in order; empty before the run told them.
func (c *Ceremony) Acts() []Act { return c.acts }

// Current is the step that is under way; nil before the first.
func (c *Ceremony) Current() *Step { return c.current }

// Lines are the journal's lines so far.
func (c *Ceremony) Lines() []Line { return c.lines }

// Head is the journal's head in hex, "" before the first line.
func (c *Ceremony) Head() string { return c.head }

// InOrder tells whether no line number was skipped so far. It says nothing of
// signatures, which only the verifier checks.
func (c *Ceremony) InOrder() bool { return c.ordered }

// Covered tells whether the transcript must not be seen now: somebody types a
// value by ear or from paper, and the transcript may hold it.
func (c *Ceremony) Covered() bool {
	return c.Screen() == ScreenQuestion && c.waiting.question.Blind
}

// StepsDone is how many steps have ended, and how many there are.
func (c *Ceremony) StepsDone() (done, all int) {
	c.eachStep(func(s *Step) {
		all++
		if ended(s.State) {
			done++
		}
	})
	return done, all
}

// MinutesLeft is the plan's estimate for the steps that have not ended.
func (c *Ceremony) MinutesLeft() int {
	left := 0
	c.eachStep(func(s *Step) {
		if !ended(s.State) {
			left += s.Minutes
		}
	})
	return left
}

func (c *Ceremony) eachStep(f func(*Step)) {
	for _, a := range c.acts {
		for _, s := range a.Steps {
			f(s)
		}
	}
}

func ended(s ceremony.StepState) bool {
	return s == ceremony.StepDone || s == ceremony.StepFailed || s == ceremony.StepSkipped
}

// Estimate is MinutesLeft for people.
func (c *Ceremony) Estimate() string {
	m := c.MinutesLeft()
	switch {
	case len(c.acts) == 0 || m == 0 || c.outcome != nil:
		return ""
	case m < 60:
		return fmt.Sprintf(c.words.MinutesLeft, m)
	default:
		return fmt.Sprintf(c.words.HoursLeft, m/60, m%60)
	}
}
