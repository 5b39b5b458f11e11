// Opens a checkpoint with the note package of Go's checksum database: the log's own signature, and a witness's
// Ed25519 cosignature by a verifier written here from c2sp.org/tlog-cosignature.
//
//	go run cosignature.go NOTE LOG-VKEY WITNESS-NAME WITNESS-PUBLIC-KEY-IN-HEX
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/note"
)

type witness struct {
	name string
	key  ed25519.PublicKey
	time uint64
}

func (w *witness) Name() string { return w.name }

func (w *witness) KeyHash() uint32 {
	sum := sha256.Sum256(append([]byte(w.name+"\n\x04"), w.key...))
	return binary.BigEndian.Uint32(sum[:4])
}

func (w *witness) Verify(text, signature []byte) bool {
	if len(signature) != 72 {
		return false
	}
	w.time = binary.BigEndian.Uint64(signature)
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", w.time, text)
	return ed25519.Verify(w.key, []byte(message), signature[8:])
}

func fatal(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	signed, err := os.ReadFile(os.Args[1])
	fatal(err)
	log, err := note.NewVerifier(os.Args[2])
	fatal(err)
	key, err := hex.DecodeString(os.Args[4])
	fatal(err)
	w := &witness{name: os.Args[3], key: key}
	opened, err := note.Open(signed, note.VerifierList(log, w))
	fatal(err)
	for _, signature := range opened.Sigs {
		if signature.Name == w.name {
			fmt.Println(signature.Name, w.time)
		} else {
			fmt.Println(signature.Name)
		}
	}
}
