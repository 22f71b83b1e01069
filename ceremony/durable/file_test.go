package durable_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"keyrite.dev/keyrite/ceremony/durable"
)

func names(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestWritesTheWholeFileUnderItsNameOnly(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "seal.json")
	if err := durable.Write(path, []byte("whole"), 0o640); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "whole" {
		t.Errorf("read %q, %v", got, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if got := names(t, folder); len(got) != 1 {
		t.Errorf("folder holds %v", got)
	}
}

func TestNeverReplacesWhatIsThere(t *testing.T) {
	for what, make := range map[string]func(path string) error{
		"a file":           func(p string) error { return os.WriteFile(p, []byte("first"), 0o600) },
		"a folder":         func(p string) error { return os.Mkdir(p, 0o700) },
		"a link":           func(p string) error { return os.Symlink("elsewhere", p) },
		"a dangling chain": func(p string) error { return os.Symlink(p+"-gone", p) },
	} {
		t.Run(what, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, "x")
			if err := make(path); err != nil {
				t.Fatal(err)
			}
			if err := durable.Write(path, []byte("second"), 0o600); !errors.Is(err, os.ErrExist) {
				t.Errorf("got %v, want an error that says the name is taken", err)
			}
			if got := names(t, folder); len(got) != 1 {
				t.Errorf("folder holds %v", got)
			}
		})
	}
}

func TestAFailureLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	if err := durable.Write(filepath.Join(folder, "missing", "x"), []byte("data"), 0o600); err == nil {
		t.Error("wrote into a folder that is not there")
	}
	if got := names(t, folder); len(got) != 0 {
		t.Errorf("folder holds %v", got)
	}
}

func TestATemporaryFileOfAnotherWriterIsLeftAlone(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "x")
	if err := os.WriteFile(path+".part", []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := durable.Write(path, []byte("ours"), 0o600); err == nil {
		t.Error("wrote over another writer")
	}
	if got, err := os.ReadFile(path + ".part"); err != nil || string(got) != "theirs" {
		t.Errorf("their file holds %q, %v", got, err)
	}
}
