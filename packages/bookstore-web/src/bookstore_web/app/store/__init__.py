"""The routes of the service for `storage = "service"`, below /api/bookstore/store.

Calls are POST with a JSON object, whether they change something or not; content is
sent and answered as it is, with the fields of the call in a header. What is sent is
described in `bookstore_core/stores/service/forms.py`. A notebook server's own app has
no such routes.
"""
