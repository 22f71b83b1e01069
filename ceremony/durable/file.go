// Package durable writes files that are wholly there or not there at all, and
// that never replace another.
package durable

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Write creates the file at path: written under a temporary name beside it,
// fsynced, linked to its name (which fails where a file exists; a rename would
// replace it), the folder fsynced, and read back equal. An error that wraps
// [os.ErrExist] means that the name was taken.
func Write(path string, data []byte, mode os.FileMode) error {
	tmp := path + ".part"
	if err := writeSynced(tmp, data, mode); err != nil {
		if !errors.Is(err, os.ErrExist) {
			err = errors.Join(err, remove(tmp))
		}
		return fmt.Errorf("failed to write %s: %w", path, err)
	}
	err := os.Link(tmp, path)
	if err = errors.Join(err, os.Remove(tmp)); err != nil {
		return fmt.Errorf("failed to write %s: %w", path, err)
	}
	if err := SyncFolder(filepath.Dir(path)); err != nil {
		return fmt.Errorf("failed to write %s: %w", path, err)
	}
	back, err := os.ReadFile(path) //nolint:gosec // the file just written
	if err != nil || !bytes.Equal(back, data) {
		return fmt.Errorf("%s does not read back as it was written; take another medium", path)
	}
	return nil
}

func writeSynced(path string, data []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode) //nolint:gosec // the caller's path
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// SyncFolder makes the names in a folder durable.
func SyncFolder(path string) error {
	d, err := os.Open(path) //nolint:gosec // the caller's path
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
