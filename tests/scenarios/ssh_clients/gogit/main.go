// SPDX-License-Identifier: Apache-2.0
// gogit: a Git client on go-git, over golang.org/x/crypto/ssh. `gogit KEY clone|push|fetch URL FOLDER`.
package main

import (
	"fmt"
	"os"

	"github.com/go-git/go-git"
	"github.com/go-git/go-git/plumbing/transport/ssh"
	cryptossh "golang.org/x/crypto/ssh"
)

func run(key, what, url, folder string) error {
	auth, err := ssh.NewPublicKeysFromFile("git", key, "")
	if err != nil {
		return err
	}
	auth.HostKeyCallback = cryptossh.InsecureIgnoreHostKey()
	if what == "clone" {
		_, err = git.PlainClone(folder, false, &git.CloneOptions{URL: url, Auth: auth})
		return err
	}
	repo, err := git.PlainOpen(folder)
	if err != nil {
		return err
	}
	if what == "push" {
		return repo.Push(&git.PushOptions{Auth: auth})
	}
	return repo.Fetch(&git.FetchOptions{Auth: auth})
}

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
