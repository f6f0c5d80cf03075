"""Web to database: sources list posts, Scrapy fetches their media, the pipeline stores them."""
