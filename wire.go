package main

import (
	"context"
	"runtime/debug"

	"keyrite.dev/keyrite/app/command"
	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/transport/aws"
	"keyrite.dev/keyrite/transport/rehearsal"
)

// deps are the parts that every build has.
func deps() command.Deps {
	return command.Deps{
		Version: version(),
		Targets: map[string]command.Target{plan.CloudAWS: aws.Target{}},
		Cloud: func(ctx context.Context, at command.Endpoint) (ceremony.Cloud, error) {
			return aws.New(ctx, aws.Endpoint(at))
		},
		Rehearsal: func(ctx context.Context, listen string) (command.RehearsalCloud, error) {
			return rehearsal.Start(ctx, listen)
		},
	}
}

// version is the module's version as the toolchain recorded it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
