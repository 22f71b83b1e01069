package viewmodel_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyrite.dev/keyrite/app/viewmodel"
)

func TestARehearsalNeedsANewFolderInOneThatIsThere(t *testing.T) {
	dir := t.TempDir()
	h := viewmodel.NewHome(words(t), "", "nss", "", time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC))
	cases := []struct {
		folder string
		ok     bool
	}{
		{"", false},
		{dir, false},
		{filepath.Join(dir, "no", "such"), false},
		{filepath.Join(dir, "new"), true},
	}
	for _, c := range cases {
		if got := h.Check(c.folder) == ""; got != c.ok {
			t.Errorf("%q: %v", c.folder, got)
		}
	}
	if !strings.HasSuffix(h.Folder, "keyrite-rehearsal-20260504-030201") {
		t.Error(h.Folder)
	}
}
