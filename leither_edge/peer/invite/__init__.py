"""How two nodes become friends: by a short code that one owner tells the other."""
