package runtime_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/sessiongen/sessiongen/runtime"
)

func ExampleReadKeys() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "keys")

	// A new key in front of the old one, each on a line.
	text := runtime.GenerateKey() + "\n" + runtime.GenerateKey() + "\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		log.Fatal(err)
	}
	keys, err := runtime.ReadKeys(path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(keys)
	// Output: Keys(2, REDACTED)
}
