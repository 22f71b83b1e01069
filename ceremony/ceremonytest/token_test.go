package ceremonytest_test

import (
	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/ceremonytest"
)

var _ ceremony.Token = (*ceremonytest.Token)(nil)
