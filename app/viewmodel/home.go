package viewmodel

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Home is where a rehearsal is started from.
type Home struct {
	words Messages
	// Plan and Token say what will be rehearsed, for reading only.
	Plan, Token string
	// Folder is the suggestion for the record.
	Folder string
}

// NewHome fills in what the command line left open: a folder named by the hour,
// in the person's home.
func NewHome(words Messages, plan, token, folder string, now time.Time) Home {
	h := Home{words: words, Plan: words.HomePlanBuilt, Token: token, Folder: folder}
	if plan != "" {
		h.Plan = fmt.Sprintf(words.HomePlanOwn, plan)
	}
	if folder == "" {
		name := "keyrite-rehearsal-" + now.Format("20060102-150405")
		dir, err := os.UserHomeDir()
		if err != nil {
			dir = os.TempDir()
		}
		h.Folder = filepath.Join(dir, name)
	}
	return h
}

// Check returns a fault when folder cannot be made, "" when it can.
func (h Home) Check(folder string) string {
	if folder == "" {
		return h.words.FaultFolder
	}
	if _, err := os.Lstat(folder); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Sprintf(h.words.FaultExists, folder)
	}
	parent := filepath.Dir(folder)
	if info, err := os.Stat(parent); err != nil || !info.IsDir() {
		return fmt.Sprintf(h.words.FaultParent, parent)
	}
	return ""
}
