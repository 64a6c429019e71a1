// Package migrate migrates whole programs from the real libraries, and small ones in every style, and counts the
// results.
package migrate

// The programs' imports, so that go.mod requires them.
import (
	_ "github.com/alexedwards/scs/v2"
	_ "github.com/boj/redistore"
	_ "github.com/gin-contrib/sessions"
	_ "github.com/gin-contrib/sessions/cookie"
	_ "github.com/gin-contrib/sessions/redis"
	_ "github.com/gin-gonic/gin"
	_ "github.com/gorilla/sessions"
	_ "github.com/labstack/echo-contrib/session"
	_ "github.com/labstack/echo/v4"
	_ "github.com/redis/go-redis/v9"
	_ "golang.org/x/tools/txtar"

	_ "github.com/sessiongen/sessiongen/migrate"
	_ "github.com/sessiongen/sessiongen/runtime/echosession"
	_ "github.com/sessiongen/sessiongen/runtime/ginsession"
	_ "github.com/sessiongen/sessiongen/runtime/redisstore"
)
