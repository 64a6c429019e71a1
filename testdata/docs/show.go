package page

import "net/http"

func show(w http.ResponseWriter, user int64, flash any) {}
