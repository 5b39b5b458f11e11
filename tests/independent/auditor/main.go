// An auditor who has nothing of ours: the log is checked with golang.org/x/mod/sumdb, the code behind Go's own
// checksum database, from files that anybody can ask for.
//
//	auditor tiles VKEY DIR                      a log as files: every entry is hashed again into every tile and the root
//	auditor proof VKEY PROOF ENTRY              a .tlog-proof file, of the entry in a file
//	auditor consistency VKEY OLD NEW HASHES     two checkpoints, and the proof between them, a hash in base64 a line
//
// It prints one line that begins with "ok", and exits with 0; or says what does not hold, and exits with 1.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height    = 8
	width     = 1 << height
	proofLine = "c2sp.org/tlog-proof@v1"
)

func main() {
	told, err := run(os.Args[1:])
	if err != nil {
		fmt.Println("does not hold:", err)
		os.Exit(1)
	}
	fmt.Println("ok", told)
}

func run(args []string) (string, error) {
	if len(args) < 3 {
		return "", errors.New("see the head of main.go for what is asked")
	}
	key, err := note.NewVerifier(args[1])
	if err != nil {
		return "", err
	}
	switch {
	case args[0] == "tiles" && len(args) == 3:
		return checkTiles(key, args[2])
	case args[0] == "proof" && len(args) == 4:
		return checkProof(key, args[2], args[3])
	case args[0] == "consistency" && len(args) == 5:
		return checkConsistency(key, args[2], args[3], args[4])
	}
	return "", errors.New("see the head of main.go for what is asked")
}

// openCheckpoint reads a checkpoint that the log signed: its name is the key's name.
func openCheckpoint(key note.Verifier, data []byte) (tlog.Tree, error) {
	var tree tlog.Tree
	opened, err := note.Open(data, note.VerifierList(key))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return tree, errors.New("the checkpoint is not of three lines")
	}
	if lines[0] != key.Name() {
		return tree, fmt.Errorf("the checkpoint is of %s, not of %s", lines[0], key.Name())
	}
	if tree.N, err = decimal(lines[1]); err != nil {
		return tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

func openCheckpointFile(key note.Verifier, file string) (tlog.Tree, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return tlog.Tree{}, err
	}
	return openCheckpoint(key, data)
}

func decimal(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil && (n < 0 || strconv.FormatInt(n, 10) != text) {
		err = fmt.Errorf("%q is no size or index", text)
	}
	return n, err
}

// hashesOf reads one hash a line, in base64.
func hashesOf(lines []string) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, line := range lines {
		raw, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil {
			return nil, err
		}
		if len(raw) != tlog.HashSize {
			return nil, fmt.Errorf("a hash of %d bytes", len(raw))
		}
		var hash tlog.Hash
		copy(hash[:], raw)
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

// --- tiles ---

// memory is a tree grown here from the entries alone.
type memory []tlog.Hash

func (m memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(m)) {
			return nil, fmt.Errorf("no hash %d", index)
		}
		found[i] = m[index]
	}
	return found, nil
}

// folder reads tiles as the log wrote them.
type folder string

func (f folder) Height() int                                { return height }
func (f folder) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(tiles))
	for i, tile := range tiles {
		data, err := os.ReadFile(f.path(tile))
		if err != nil {
			return nil, err
		}
		if len(data) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s is %d bytes long", f.path(tile), len(data))
		}
		found[i] = data
	}
	return found, nil
}

// path is Go's own without the height, which C2SP fixes at 8.
func (f folder) path(tile tlog.Tile) string {
	return filepath.Join(string(f), strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1))
}

// entries reads a bundle: each entry after its length.
func (f folder) entries(index int64, count int) ([][]byte, error) {
	named := strings.Replace(f.path(tlog.Tile{H: height, L: 0, N: index, W: count}), "tile/0/", "tile/entries/", 1)
	data, err := os.ReadFile(named)
	if err != nil {
		return nil, err
	}
	var found [][]byte
	for len(data) >= 2 {
		length := int(binary.BigEndian.Uint16(data))
		if len(data) < 2+length {
			return nil, fmt.Errorf("%s ends within an entry", named)
		}
		found, data = append(found, data[2:2+length]), data[2+length:]
	}
	if len(data) != 0 || len(found) != count {
		return nil, fmt.Errorf("%s holds %d entries and %d bytes more", named, len(found), len(data))
	}
	return found, nil
}

func checkTiles(key note.Verifier, dir string) (string, error) {
	tree, err := openCheckpointFile(key, filepath.Join(dir, "checkpoint"))
	if err != nil {
		return "", err
	}
	files := folder(dir)
	var grown memory
	var roots []tlog.Hash // of every size on the way
	for first := int64(0); first < tree.N; first += width {
		count := int(min(width, tree.N-first))
		found, err := files.entries(first/width, count)
		if err != nil {
			return "", err
		}
		for i, entry := range found {
			n := first + int64(i)
			more, err := tlog.StoredHashes(n, entry, grown)
			if err != nil {
				return "", err
			}
			grown = append(grown, more...)
			root, err := tlog.TreeHash(n+1, grown)
			if err != nil {
				return "", err
			}
			roots = append(roots, root)
		}
	}
	if len(roots) == 0 || roots[tree.N-1] != tree.Hash {
		return "", errors.New("the entries do not make the root that was signed")
	}
	// Each tile, byte for byte as the entries make it, and none too few. NewTiles names partial ones of every width;
	// C2SP has those of a checkpoint's size.
	tiles := 0
	for _, tile := range tlog.NewTiles(height, 0, tree.N) {
		if tile.W < width && tile.N*width+int64(tile.W) != tree.N>>(height*tile.L) {
			continue
		}
		tiles++
		made, err := tlog.ReadTileData(tile, grown)
		if err != nil {
			return "", err
		}
		read, err := files.ReadTiles([]tlog.Tile{tile})
		if err != nil {
			return "", err
		}
		if !bytes.Equal(made, read[0]) {
			return "", fmt.Errorf("%s is not what the entries make", files.path(tile))
		}
	}
	// And from the tiles alone, held against the signed root by Go's own reader: inclusion of each entry, consistency
	// with each earlier size.
	reader := tlog.TileHashReader(tree, files)
	for n := int64(0); n < tree.N; n++ {
		leaf, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, n)})
		if err != nil {
			return "", err
		}
		inclusion, err := tlog.ProveRecord(tree.N, n, reader)
		if err != nil {
			return "", err
		}
		if err := tlog.CheckRecord(inclusion, tree.N, tree.Hash, n, leaf[0]); err != nil {
			return "", err
		}
		consistency, err := tlog.ProveTree(tree.N, n+1, reader)
		if err != nil {
			return "", err
		}
		if err := tlog.CheckTree(consistency, tree.N, tree.Hash, n+1, roots[n]); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d entries in %d tiles, root %s", tree.N, tiles, tree.Hash), nil
}

// --- proofs ---

func checkProof(key note.Verifier, proofFile, entryFile string) (string, error) {
	data, err := os.ReadFile(proofFile)
	if err != nil {
		return "", err
	}
	entry, err := os.ReadFile(entryFile)
	if err != nil {
		return "", err
	}
	head, checkpoint, found := strings.Cut(string(data), "\n\n")
	lines := strings.Split(head, "\n")
	if !found || lines[0] != proofLine {
		return "", errors.New("not a tlog-proof")
	}
	lines = lines[1:]
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return "", errors.New("no index")
	}
	index, err := decimal(strings.TrimPrefix(lines[0], "index "))
	if err != nil {
		return "", err
	}
	hashes, err := hashesOf(lines[1:])
	if err != nil {
		return "", err
	}
	tree, err := openCheckpoint(key, []byte(checkpoint))
	if err != nil {
		return "", err
	}
	if err := tlog.CheckRecord(hashes, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
		return "", err
	}
	return fmt.Sprintf("entry %d of %d", index, tree.N), nil
}

func checkConsistency(key note.Verifier, oldFile, newFile, hashFile string) (string, error) {
	before, err := openCheckpointFile(key, oldFile)
	if err != nil {
		return "", err
	}
	after, err := openCheckpointFile(key, newFile)
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(hashFile)
	if err != nil {
		return "", err
	}
	hashes, err := hashesOf(strings.Fields(string(text)))
	if err != nil {
		return "", err
	}
	if err := tlog.CheckTree(hashes, after.N, after.Hash, before.N, before.Hash); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d entries grew to %d", before.N, after.N), nil
}

func min(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}
