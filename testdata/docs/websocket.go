package page

import "github.com/gorilla/websocket"

var upgrader websocket.Upgrader
