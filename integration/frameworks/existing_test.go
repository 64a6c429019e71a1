package frameworks

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/internal/docstest"
	"github.com/sessiongen/sessiongen/internal/testmodule"
)

// Programs before they have sessions. The line with "here" is the place that the page names for its lines.
var existing = map[string]string{
	"nethttp": `package main

import (
	"fmt"
	"log"
	"net/http"
)

func main() {
	mux := http.NewServeMux()
	// here
	mux.HandleFunc("GET /products", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "tea") })
	log.Fatal(http.ListenAndServe("localhost:8080", handler))
}
`,
	"chi": `package main

import (
	"fmt"
	"log"
	"net/http"

	"github.com/go-chi/chi/v5"
)

func main() {
	router := chi.NewRouter()
	// here
	router.Get("/products", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "tea") })
	log.Fatal(http.ListenAndServe("localhost:8080", router))
}
`,
	"gin": `package main

import (
	"log"

	"github.com/gin-gonic/gin"
)

func main() {
	router := gin.Default()
	// here
	router.GET("/products", func(c *gin.Context) { c.String(200, "tea") })
	log.Fatal(router.Run("localhost:8080"))
}
`,
	"echo": `package main

import (
	"log"

	"github.com/labstack/echo/v4"
)

func main() {
	e := echo.New()
	// here
	e.GET("/products", func(c echo.Context) error { return c.String(200, "tea") })
	log.Fatal(e.Start("localhost:8080"))
}
`,
	"fiber": `package main

import (
	"log"

	"github.com/gofiber/fiber/v3"
)

func main() {
	app := fiber.New()
	// here
	app.Get("/products", func(c fiber.Ctx) error { return c.SendString("tea") })
	log.Fatal(app.Listen("localhost:8080"))
}
`,
}

// In an existing program, sessiongen init and the lines of docs/frameworks.md give a page with a log-in and a log-out;
// the program still does everything that it did before.
func TestExistingPrograms(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	lines := pastedLines(t, root)
	if len(lines) != len(existing) {
		t.Errorf("docs/frameworks.md has lines for %d frameworks, want %d", len(lines), len(existing))
	}
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	module := testmodule.Dir(t)
	docstest.WriteModule(t, module, here)
	for name, program := range existing {
		t.Run(name, func(t *testing.T) { pasteInto(t, root, filepath.Join(module, name), program, lines[name]) })
	}
	t.Run("echo5", func(t *testing.T) { // as the page says: its use is the same, but for the type of a context
		five := strings.NewReplacer("echo/v4", "echo/v5", "echosession", "echo5session", "c echo.Context", "c *echo.Context")
		pasteInto(t, root, filepath.Join(module, "echo5"), five.Replace(existing["echo"]), five.Replace(lines["echo"]))
	})
}

// pastedLines are the page's blocks for a main function, by framework.
func pastedLines(t *testing.T, root string) map[string]string {
	t.Helper()
	pages, err := docstest.Pages(root)
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]string{}
	for _, page := range pages {
		for _, block := range page.Blocks {
			if name, ok := block.Asks["main"]; ok {
				lines[name] = block.Text
			}
		}
	}
	return lines
}

// pasteInto writes a program into dir, and follows the page.
func pasteInto(t *testing.T, root, dir, program, lines string) {
	text, err := docstest.Paste(root, program, "\t// here", lines)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"go tool sessiongen init", "go vet ."} {
		cmd := exec.Command("sh", "-c", command)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
	}
	visit(t, "http://"+docstest.Start(t, dir).Addr)
}

// visit uses the page like a visitor.
func visit(t *testing.T, base string) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Timeout: 10 * time.Second}
	right := url.Values{"username": {"hubo"}, "password": {"demo"}}
	for _, step := range []struct {
		path   string
		form   url.Values // nil for a GET
		status int
		want   string // in the page
	}{
		{"/", nil, 200, "<h1>Please log in</h1>"},
		{"/products", nil, 200, "tea"},
		{"/login", url.Values{"username": {"hubo"}, "password": {"x"}}, 401, "is wrong"},
		{"/login", url.Values{"username": {strings.Repeat("x", 65)}, "password": {"demo"}}, 400, "too long"},
		{"/", nil, 200, "<h1>Please log in</h1>"},
		{"/login", right, 200, "<h1>Hello, hubo</h1>"}, // by the redirect
		{"/", nil, 200, "<p>Visits: 4</p>"},
		{"/products", nil, 200, "tea"},
		{"/logout", url.Values{}, 200, "<h1>Please log in</h1>"},
		{"/", nil, 200, "<p>Visits: 6</p>"}, // the visitor's own
	} {
		var res *http.Response
		if step.form == nil {
			res, err = client.Get(base + step.path)
		} else {
			res, err = client.PostForm(base+step.path, step.form)
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != step.status || !strings.Contains(string(body), step.want) {
			t.Errorf("%s: got %d %q, want %d and %q", step.path, res.StatusCode, body, step.status, step.want)
		}
		if strings.Contains(step.want, "<") != strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: got Content-Type %s", step.path, res.Header.Get("Content-Type"))
		}
	}
}
