package page

// The packages that blocks of the docs name without importing them.
import (
	_ "context"
	_ "crypto/rand"
	_ "crypto/subtle"
	_ "database/sql"
	_ "encoding/json"
	_ "errors"
	_ "fmt"
	_ "io"
	_ "log"
	_ "log/slog"
	_ "math/big"
	_ "net/http"
	_ "net/http/httptest"
	_ "net/url"
	_ "os"
	_ "strings"
	_ "testing"
	_ "time"

	_ "github.com/alexedwards/scs/v2/memstore"
	_ "github.com/go-chi/chi/v5"
	_ "github.com/redis/go-redis/v9"
	_ "golang.org/x/oauth2"

	_ "github.com/sessiongen/sessiongen/runtime"
	_ "github.com/sessiongen/sessiongen/runtime/redisstore"
	_ "github.com/sessiongen/sessiongen/runtime/scsstore"
	_ "github.com/sessiongen/sessiongen/runtime/sessiondebug"
	_ "github.com/sessiongen/sessiongen/runtime/sessiontest"
	_ "github.com/sessiongen/sessiongen/runtime/sqlstore"
	_ "github.com/sessiongen/sessiongen/runtime/storetest"
)
