"""What pages show of goods: their colours, the promise of delivery, the products of lines."""
