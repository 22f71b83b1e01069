module keyrite.dev/keyrite/ceremony/dsse/wycheproof

go 1.26.4

replace keyrite.dev/keyrite => ../../..

require (
	github.com/c2sp/wycheproof v0.0.0-20260902155932-3fa63dd0344a
	keyrite.dev/keyrite v0.0.0
)

require filippo.io/edwards25519 v1.2.0 // indirect
