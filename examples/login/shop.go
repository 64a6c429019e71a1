package main

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// Article is something that the shop sells.
type Article struct {
	ID    int
	Name  string
	About string
	Cents int
}

var catalogue = []Article{
	{1, "Notebook", "160 pages, squared, lies flat", 690},
	{2, "Fountain pen", "Steel nib, medium", 2400},
	{3, "Blue ink", "50 ml, washable", 850},
	{4, "Teapot", "Stoneware, one litre", 3900},
	{5, "Desk lamp", "Warm light, folds flat", 5450},
	{6, "Wall calendar", "A leaf for each month", 1200},
}

// at is the article at the price for a role.
func (a Article) at(role string) Article {
	if role == member {
		a.Cents -= a.Cents / 10
	}
	return a
}

const (
	maxLines    = 20 // as in the schema
	maxQuantity = 9
)

func article(id int) (Article, bool) {
	i := slices.IndexFunc(catalogue, func(a Article) bool { return a.ID == id })
	if i < 0 {
		return Article{}, false
	}
	return catalogue[i], true
}

// articles counts what is in a cart.
func articles(cart []Item) (n int) {
	for _, item := range cart {
		n += item.Quantity
	}
	return n
}

func (a *app) shop(w http.ResponseWriter, r *http.Request) {
	articles := slices.Clone(catalogue)
	for i := range articles {
		articles[i] = articles[i].at(SessionFrom(r.Context()).GetRole())
	}
	a.render(w, r, http.StatusOK, "shop", "Shop", articles)
}

// cartLine is a line of the cart as the page shows it.
type cartLine struct {
	Article
	Quantity, Sum int
}

type cartPage struct {
	Lines []cartLine
	Total int
}

func (a *app) cart(w http.ResponseWriter, r *http.Request) {
	var page cartPage
	sess := SessionFrom(r.Context())
	for _, item := range sess.GetCart() {
		if article, ok := article(item.Article); ok {
			article = article.at(sess.GetRole())
			line := cartLine{article, item.Quantity, item.Quantity * article.Cents}
			page.Lines = append(page.Lines, line)
			page.Total += line.Sum
		}
	}
	a.render(w, r, http.StatusOK, "cart", "Your cart", page)
}

func (a *app) addToCart(w http.ResponseWriter, r *http.Request) {
	article, ok := articleOf(r)
	if !ok {
		a.notFound(w, r)
		return
	}
	// The function runs again if another request changes the session meanwhile. Saving now, what it says in
	// the end is what the next page shows.
	var text string
	sess := SessionFrom(r.Context())
	sess.UpdateCart(func(cart []Item) []Item {
		text = article.Name + " is in your cart."
		i := slices.IndexFunc(cart, func(item Item) bool { return item.Article == article.ID })
		switch {
		case i < 0 && len(cart) == maxLines:
			text = "Your cart is full."
		case i < 0:
			cart = append(cart, Item{Article: article.ID, Quantity: 1})
		case cart[i].Quantity == maxQuantity:
			text = fmt.Sprintf("We sell no more than %d of one article.", maxQuantity)
		default:
			cart[i].Quantity++
		}
		return cart
	})
	if err := a.sessions.Save(w, r, sess); err != nil {
		a.fail(w, r, err)
		return
	}
	notify(r, text)
	seeOther(w, r, "/")
}

func (a *app) removeFromCart(w http.ResponseWriter, r *http.Request) {
	article, ok := articleOf(r)
	if !ok {
		a.notFound(w, r)
		return
	}
	SessionFrom(r.Context()).UpdateCart(func(cart []Item) []Item {
		return slices.DeleteFunc(cart, func(item Item) bool { return item.Article == article.ID })
	})
	notify(r, article.Name+" is out of your cart.")
	seeOther(w, r, "/cart")
}

func articleOf(r *http.Request) (Article, bool) {
	id, err := strconv.Atoi(r.PostFormValue("article"))
	if err != nil {
		return Article{}, false
	}
	return article(id)
}
