package main

import (
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	module "github.com/ajolote-ai/ajolote"
)

func TestTheVersionNamesTheCommitItWasBuiltFrom(t *testing.T) {
	built := func(settings ...string) *debug.BuildInfo {
		info := &debug.BuildInfo{}
		for i := 0; i < len(settings); i += 2 {
			info.Settings = append(info.Settings, debug.BuildSetting{Key: settings[i], Value: settings[i+1]})
		}
		return info
	}
	for _, c := range []struct {
		name string
		info *debug.BuildInfo
		want string
	}{
		{"built outside of a checkout", nil, " go"},
		{"a clean checkout", built("vcs.revision", "0123456789abcdef0123", "vcs.modified", "false"), " 0123456789ab go"},
		{"a changed one", built("vcs.revision", "0123456789abcdef0123", "vcs.modified", "true"), " 0123456789ab with changes go"},
	} {
		require.True(t, strings.HasPrefix(describeBuild(c.info), "ajolote "+module.Version+c.want), "%s: %s", c.name, describeBuild(c.info))
	}
}
