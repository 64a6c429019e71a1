package docs

// The blocks' imports, so that go.mod requires them.
import (
	_ "github.com/alexedwards/scs/v2"
	_ "github.com/alexedwards/scs/v2/memstore"
	_ "github.com/gin-gonic/gin"
	_ "github.com/go-chi/chi/v5"
	_ "github.com/gofiber/fiber/v3"
	_ "github.com/golangci/plugin-module-register/register"
	_ "github.com/gorilla/sessions"
	_ "github.com/gorilla/websocket"
	_ "github.com/labstack/echo/v4"
	_ "github.com/redis/go-redis/v9"
	_ "golang.org/x/oauth2"
	_ "golang.org/x/tools/go/analysis"
	_ "google.golang.org/grpc"
	_ "google.golang.org/protobuf/proto"
	_ "google.golang.org/protobuf/types/known/structpb"

	_ "github.com/sessiongen/sessiongen/runtime/echosession"
	_ "github.com/sessiongen/sessiongen/runtime/fibersession"
	_ "github.com/sessiongen/sessiongen/runtime/ginsession"
	_ "github.com/sessiongen/sessiongen/runtime/grpcsession"
	_ "github.com/sessiongen/sessiongen/runtime/redisstore"
)
