//! The handlers. Each is handed values that obey the document, and can answer only what the document declares.

use crate::generated::api::{
    AddBook, AddBookError, AddBookResponse, Api, GetBook, GetBookError, GetBookResponse, ListBooks,
    ListBooksError, ListBooksResponse,
};
use crate::generated::types::Book;
use dropshot::RequestContext;
use openapi_runtime::{Fault, Open};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// What handlers share: the books, by number.
#[derive(Default)]
pub struct Shelf(Mutex<BTreeMap<String, Book>>);

impl Shelf {
    fn books(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Book>> {
        // Nothing is half done while it is locked, so a panic elsewhere does no harm.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The server.
pub enum Books {}

impl Api for Books {
    type Context = Shelf;

    async fn list_books(
        rqctx: RequestContext<Shelf>,
        request: Open<ListBooks>,
    ) -> Result<ListBooksResponse, ListBooksError> {
        let wanted = request.query.author.map(|author| author.to_string());
        let books = rqctx.context().books();
        let is_wanted = |book: &&Book| match &wanted {
            Some(wanted) => book.author.as_ref().is_some_and(|a| a.as_str() == wanted),
            None => true,
        };
        let found: Vec<Book> = books.values().filter(is_wanted).cloned().collect();
        Ok(ListBooksResponse { body: found.into() })
    }

    async fn add_book(
        rqctx: RequestContext<Shelf>,
        request: Open<AddBook>,
    ) -> Result<AddBookResponse, AddBookError> {
        let book = request.body;
        let mut books = rqctx.context().books();
        if books.contains_key(book.isbn.as_str()) {
            let fault = Fault::because("exists", "there is such a book already");
            return Err(AddBookError::Conflict(fault));
        }
        books.insert(book.isbn.to_string(), book.clone());
        Ok(AddBookResponse { body: book })
    }

    async fn get_book(
        rqctx: RequestContext<Shelf>,
        request: Open<GetBook>,
    ) -> Result<GetBookResponse, GetBookError> {
        match rqctx.context().books().get(request.path.isbn.as_str()) {
            Some(book) => Ok(GetBookResponse { body: book.clone() }),
            None => Err(GetBookError::NotFound(Fault::because(
                "not_found",
                "there is no such book",
            ))),
        }
    }
}
